//! Links against the Node-API symbols of the process that loads the addon.

fn main() {
    napi_build::setup();
}
