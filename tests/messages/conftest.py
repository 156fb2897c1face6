"""A merchant's folder to write into, and a wait that ends."""

import time

import pytest

from app.messages import folder as folder_module


class Written:
    """A merchant's folder of a test's own."""

    def __init__(self, path):
        self.path = path
        (path / "messages").mkdir(parents=True)

    def write(self, file, text):
        content = text if isinstance(text, bytes) else text.encode()
        (self.path / file).write_bytes(content)
        return self

    def merchant(self, text='name = "Olive"\n'):
        return self.write("merchant.toml", text)

    def english(self, text):
        return self.write("messages/en.toml", text)

    def spanish(self, text):
        return self.write("messages/es.toml", text)

    def catalogue(self):
        here = folder_module.Folder(self.path)
        with pytest.MonkeyPatch.context() as patch:
            for name in ("_SETTLE_SECONDS", "_FILLED_SECONDS"):
                patch.setattr(folder_module, name, 0)  # nobody else writes here
            here.poll()
        return here.catalogue()

    def localizer(self, language="en"):
        return self.catalogue().negotiate(None, chosen=language)


@pytest.fixture
def folder(tmp_path):
    return Written(tmp_path / "merchant").merchant()


@pytest.fixture
def until():
    def wait(condition, seconds=5):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"it did not come true within {seconds} seconds"
            time.sleep(0.01)

    return wait
