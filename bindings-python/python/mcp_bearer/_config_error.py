"""The exception for settings."""


class ConfigError(ValueError):
    """A setting is wrong: its name, and what it should look like.

    Raised when something is constructed, never because of a request::

        try:
            server = ResourceServer.from_env()
        except ConfigError as error:
            print(error.setting, error.message)
    """

    setting: str
    """The setting, or the environment variable that it came from."""

    message: str
    """What is wrong with it and what it should look like."""

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(setting, message)
        self.setting = setting
        self.message = message

    def __str__(self) -> str:
        return f"{self.setting}: {self.message}"
