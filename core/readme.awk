# Prints the crate's README, which is the documentation of lib.rs as a page of its own:
#   awk -f core/readme.awk core/src/lib.rs
BEGIN { print "# mcp-bearer\n" }
!/^\/\/!/ { next }
{ sub(/^\/\/! ?/, "") }
/^```/ { code = !code; if (code && /no_run/) $0 = "```rust"; print; next }
code && /^#( |$)/ { next }
!code { if (/^# /) $0 = "#" $0; gsub(/\[`/, "`"); gsub(/`\]/, "`") }
{ print }
