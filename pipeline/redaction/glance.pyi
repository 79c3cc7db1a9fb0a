EMAIL_ADDRESS: int
CREDIT_CARD: int
IBAN_CODE: int
US_SSN: int
PHONE_NUMBER: int
API_KEY: int
SECRET: int

def may_hold(data: bytes, /) -> int:
    """Return the entities, as the bits above, that the verifier's checks may find in `data`.

    A bit that is not set is a proof that the entity's pattern does not match, or nowhere where its
    check lets it stand; one that is set proves nothing.
    """
