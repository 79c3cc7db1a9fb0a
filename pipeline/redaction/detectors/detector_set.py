"""The detectors a policy asks for, behind one gate."""

from __future__ import annotations

from collections.abc import Iterable

from mypy_extensions import mypyc_attr

from pipeline.redaction.detectors.address import (
    CuedAddressDetector,
    NamedStreetDetector,
    StreetDetector,
)
from pipeline.redaction.detectors.address_forms import address_form_detectors
from pipeline.redaction.detectors.address_named import named_address_detectors
from pipeline.redaction.detectors.address_plain import (
    PlainStreetDetector,
    SaidStreetDetector,
)
from pipeline.redaction.detectors.api_keys import ApiKeyDetector
from pipeline.redaction.detectors.base import (
    PLAIN_CONTEXT,
    Context,
    Detector,
    DetectorSettings,
)
from pipeline.redaction.detectors.contact import EmailDetector, UrlDetector
from pipeline.redaction.detectors.dates import DateOfBirthDetector
from pipeline.redaction.detectors.gate import Gate
from pipeline.redaction.detectors.id_labels import (
    ForeignLabelDetector,
    IdentityNumberDetector,
    LabelledIdDetector,
    PaymentNumberDetector,
)
from pipeline.redaction.detectors.ids import IdShapeDetector, NamedIdDetector
from pipeline.redaction.detectors.names import PersonDetector
from pipeline.redaction.detectors.names_forms import NamesByFormDetector
from pipeline.redaction.detectors.names_headers import MailboxNameDetector
from pipeline.redaction.detectors.names_informal import (
    InformalPersonDetector,
    IntroducedPersonDetector,
)
from pipeline.redaction.detectors.names_scripts import OtherScriptPersonDetector
from pipeline.redaction.detectors.national import (
    BankNumberDetector,
    DriverLicenseDetector,
    NhsDetector,
    PassportDetector,
    SsnDetector,
)
from pipeline.redaction.detectors.network import IpDetector, MacDetector
from pipeline.redaction.detectors.payment import CreditCardDetector, CryptoDetector, IbanDetector
from pipeline.redaction.detectors.phone import DictatedPhoneDetector, PhoneDetector
from pipeline.redaction.detectors.places import OrganisationDetector, PlaceDetector
from pipeline.redaction.detectors.postcodes import PostcodeDetector
from pipeline.redaction.detectors.secrets import SecretDetector
from pipeline.redaction.spans import ENTITIES, STRICT_ENTITIES, Span, resolve


def build_detectors(settings: DetectorSettings) -> tuple[Detector, ...]:
    """Return the detectors that can find an entity of `settings`, each a Presidio recognizer."""
    detectors: tuple[Detector, ...] = (
        EmailDetector(),
        UrlDetector(),
        CreditCardDetector(),
        IbanDetector(),
        CryptoDetector(),
        IpDetector(),
        MacDetector(),
        SsnDetector(),
        NhsDetector(),
        PassportDetector(),
        DriverLicenseDetector(),
        BankNumberDetector(),
        PhoneDetector(),
        DictatedPhoneDetector(),
        DateOfBirthDetector(),
        IdShapeDetector(settings.id_shapes, defaults=settings.default_id_shapes),
        NamedIdDetector(),
        LabelledIdDetector(),
        IdentityNumberDetector(),
        ForeignLabelDetector(),
        PaymentNumberDetector(),
        SecretDetector(),
        ApiKeyDetector(),
        StreetDetector(),
        NamedStreetDetector(),
        *named_address_detectors(),
        CuedAddressDetector(),
        PlainStreetDetector(),
        SaidStreetDetector(),
        *address_form_detectors(),
        PostcodeDetector(),
        PlaceDetector(),
        OrganisationDetector(),
        PersonDetector(name_list=settings.name_list),
        MailboxNameDetector(),
        NamesByFormDetector(name_list=settings.name_list),
        OtherScriptPersonDetector(),
        IntroducedPersonDetector(name_list=settings.name_list),
        InformalPersonDetector(name_list=settings.name_list),
    )
    wanted = settings.entities
    if wanted is None:
        return detectors
    return tuple(found for found in detectors if wanted.intersection(found.supported_entities))


@mypyc_attr(allow_interpreted_subclasses=True)
class DetectorSet:
    """Finds everything a policy asks for in a text.

    Built once per policy; immutable afterwards but for bounded caches of word classes, so threads
    may share it. Detection is deterministic.
    """

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()
        self.detectors = build_detectors(self.settings)
        parts = [(part, detector) for detector in self.detectors for part in detector.parts()]
        self._gate = Gate([part.triggers for part, _ in parts])
        self._finds = [part.find for part, _ in parts]
        wanted = self.settings.entities
        self._finds_more = [
            wanted is not None and not wanted.issuperset(detector.supported_entities)
            for _, detector in parts
        ]

        entities = [frozenset(detector.supported_entities) for _, detector in parts]
        # a hint, and strictness, ask for entities without the words that open the gate
        self._finders = {
            entity: tuple(i for i, supported in enumerate(entities) if entity in supported)
            for entity in ENTITIES
        }
        self._strict = tuple(i for i, some in enumerate(entities) if some & STRICT_ENTITIES)

    def detect(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return the non-overlapping spans of `text`, sorted; offsets are code points.

        `text` is plain: escapes and Unicode tricks were undone before (`redaction.normalise`).
        """
        found: list[Span] = []
        finds = self._finds
        opened = self._gate.open_for(text)
        if context.strict or context.hint:
            hinted = self._finders.get(context.hint or "", ())
            strict = self._strict if context.strict else ()
            opened = tuple(sorted({*opened, *hinted, *strict}))
        for index in opened:
            spans = finds[index](text, context)
            if spans and self._finds_more[index]:
                wanted = self.settings.entities or ()
                spans = [span for span in spans if span.entity_type in wanted]
            found += spans
        return resolve(text, found) if len(found) > 1 else found

    def detect_batch(
        self, texts: Iterable[str], context: Context = PLAIN_CONTEXT
    ) -> list[list[Span]]:
        """Return `detect` for each of `texts`, in order."""
        return [self.detect(text, context) for text in texts]
