"""The way a download really goes: by https to huggingface.co and its file server; a proxy plays both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.certificates import certify
from helpers.hub import COMMIT, Hub
from ownhand.adapters.fetch_client import HubFetcher
from ownhand.domain.download import Connecting, Disconnected, Order, Report
from ownhand.errors import DownloadError

HOST, FILES, SIZE = "huggingface.co", "us.aws.cdn.hf.co", 200_000
QUICK = {"pauses_s": [0.05]}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certify(tmp_path_factory.mktemp("certificates"), HOST, FILES, "example.org")


@pytest.fixture
def proxy(certificates: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    made = Hub()
    made.ask(certificate=str(certificates[1]), location=f"https://{FILES}/blob?signed=1")
    monkeypatch.setenv("HTTPS_PROXY", made.address)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates[0]))
    yield made
    made.close()


@pytest.fixture
def order(tmp_path: Path) -> Order:
    return Order(f"/owner/repo/resolve/{COMMIT}/m.gguf", COMMIT, tmp_path / "m.gguf", SIZE)


def failure(order: Order) -> tuple[str, list[Report]]:
    reports: list[Report] = []
    with pytest.raises(DownloadError) as raised:
        reports.extend(HubFetcher(limits=QUICK).start(order))  # keeps what came before the failure
    assert not order.target.exists()
    return str(raised.value), reports


def connects(proxy: Hub) -> list[str]:
    return [request["path"] for request in proxy.seen() if request["path"].startswith("CONNECT")]


def test_the_file_comes_by_https_through_the_proxy_and_the_log_names_both_hosts(proxy, order):
    data = proxy.serve(1, SIZE)
    reports = list(HubFetcher(limits=QUICK).start(order))
    assert order.target.read_bytes() == data
    assert connects(proxy) == [f"CONNECT {HOST}:443", f"CONNECT {FILES}:443"]
    assert [report for report in reports if isinstance(report, Connecting)] == [
        Connecting(1, HOST, "127.0.0.1"),
        Connecting(2, FILES, "127.0.0.1"),
    ]
    assert [r.outcome for r in reports if isinstance(r, Disconnected)] == ["redirected", "complete"]


def test_a_cut_connection_goes_on_by_https_too(proxy, order):
    data = proxy.serve(1, SIZE, each=[{"cut": 90_000}])
    list(HubFetcher(limits=QUICK).start(order))
    assert order.target.read_bytes() == data
    assert proxy.seen()[-1]["range"] == "bytes=90000-"


def test_a_certificate_that_nobody_vouches_for_ends_it_at_once(proxy, order, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    proxy.serve(1, SIZE)
    said, _ = failure(order)
    assert "identity of huggingface.co could not be verified" in said
    assert connects(proxy) == [f"CONNECT {HOST}:443"], "a forged certificate was tried again"


@pytest.mark.parametrize(
    "elsewhere", [f"http://{FILES}/blob", "https://example.org/blob", f"https://{FILES}:8443/blob"]
)
def test_the_hub_cannot_send_the_download_out_of_its_own_network_or_out_of_https(proxy, order, elsewhere):
    proxy.serve(1, SIZE, location=elsewhere)
    said, _ = failure(order)
    assert "not one of its own servers" in said
    assert connects(proxy) == [f"CONNECT {HOST}:443"]


def test_a_proxy_of_another_kind_is_a_sentence(proxy, order, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1080")
    said, reports = failure(order)
    assert "HTTPS_PROXY" in said
    assert reports == []
