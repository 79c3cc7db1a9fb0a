"""IP and MAC addresses."""

from __future__ import annotations

import re
from typing import ClassVar

from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector
from pipeline.redaction.detectors.cues import cue_before
from pipeline.redaction.detectors.patterns import TextPattern
from pipeline.redaction.spans import IP_ADDRESS, MAC_ADDRESS, Span

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = TextPattern(rf"(?<![\w.])(?<![\w/]-){_OCTET}(?:\.{_OCTET}){{3}}(?![\w]|\.\w|-[A-Za-z])")
_VERSION = TextPattern(
    r"(?:\b(?:v|ver|version|release|build|firmware|driver|sdk|upgrade[ds]? to|section|sec|§)"
    r"[.:\s=\"']{0,4}|[a-z][\w-]*/)$"
)
# this machine, "any" and broadcast; the rest of 127/8 may be a typing error for somebody's
_NO_MACHINE = ("127.0.0.", "127.0.1.1", "0.0.0.0", "255.255.")  # noqa: S104 - nothing is bound to it
# An address or its mapped IPv4 form; eight groups, or fewer around `::`.
_IPV6_RUN = TextPattern(r"(?<![\w:.])[0-9A-Fa-f:]{2,39}(?:(?<=:)[\d.]{7,15})?(?![\w:])")
_GROUP = re.compile(r"[0-9A-Fa-f]{1,4}")
_MAC = TextPattern(
    r"(?<![\w:-])(?:[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![\w:-])"
)


class IpDetector(Detector):
    """IPv4 addresses that are not version numbers, and IPv6 addresses."""

    ENTITIES: ClassVar = (IP_ADDRESS,)
    TRIGGERS: ClassVar = (
        r"\d\.\d{1,3}\.\d{1,3}\.\d",
        r"[0-9A-Fa-f]:[0-9A-Fa-f:]*:",
        r"::[0-9A-Fa-f]",
    )

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score .95."""
        spans = [
            Span(match.start(), match.end(), IP_ADDRESS, 0.95, "IpDetector")
            for match in _IPV4.finditer(text)
            if not match[0].startswith(_NO_MACHINE)
            and not cue_before(_VERSION, text, match.start(), 16)
        ]
        if ":" in text:
            spans += [
                Span(match.start(), match.end(), IP_ADDRESS, 0.95, "IpDetector")
                for match in _IPV6_RUN.finditer(text)
                if match[0].count(":") > 1 and is_ipv6(match[0])
            ]
        return spans


def is_ipv6(address: str) -> bool:
    """Whether `address` is an IPv6 address (RFC 4291) that holds a digit.

    `a::b` without a digit is far more often a qualified name of C++, Rust or Ruby.
    """
    mapped = "." in address
    head, double, tail = address.partition("::")
    groups = [group for part in (head, tail) if part for group in part.split(":")]
    if mapped and not _IPV4.fullmatch(groups.pop()):
        return False
    if not all(map(_GROUP.fullmatch, groups)):
        return False
    size = len(groups) + 2 * mapped
    return (
        (size < 8 if double else size == 8) and any(map(str.isdigit, address)) and address != "::1"
    )


class MacDetector(Detector):
    """MAC addresses in the notations of IEEE 802 and of Cisco."""

    ENTITIES: ClassVar = (MAC_ADDRESS,)
    TRIGGERS: ClassVar = (
        r"[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]",
        r"[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}",
    )

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score .9."""
        return [
            Span(match.start(), match.end(), MAC_ADDRESS, 0.9, "MacDetector")
            for match in _MAC.finditer(text)
            if not match[0].replace(".", "").isdigit() or match[1]
        ]
