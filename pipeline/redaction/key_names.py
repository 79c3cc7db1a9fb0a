"""Which key names promise what: the vocabulary behind `hints`, as data.

Names are in snake case and in the singular. They were collected from public API schemas (payment,
travel, health, CRM, identity) and logging conventions, in English.
"""

from __future__ import annotations

from typing import Final

from pipeline.redaction.spans import (
    ACCOUNT_ID,
    API_KEY,
    CREDIT_CARD,
    CRYPTO,
    CUSTOMER_ID,
    DATE_OF_BIRTH,
    EMAIL_ADDRESS,
    IBAN_CODE,
    IP_ADDRESS,
    LOCATION,
    MAC_ADDRESS,
    PAYMENT_ID,
    PERSON,
    PHONE_NUMBER,
    SECRET,
    STREET_ADDRESS,
    UK_NHS,
    US_BANK_NUMBER,
    US_DRIVER_LICENSE,
    US_ITIN,
    US_PASSPORT,
    US_SSN,
    ZIP_CODE,
)

_BY_ENTITY: Final[dict[str, str]] = {
    PERSON: """
        first_name last_name middle_name full_name given_name family_name surname forename
        firstname lastname middlename fullname fname lname mname maiden_name birth_name nick_name
        nickname preferred_name legal_name middle_initial cardholder card_holder cardholder_name
        card_holder_name name_on_card account_holder account_holder_name holder_name
        beneficiary_name contact_name contact_person emergency_contact_name real_name person_name
        father_name mother_name mothers_maiden_name spouse_name next_of_kin signatory
        attending_physician physician_name doctor_name
    """,
    EMAIL_ADDRESS: "email e_mail email_address mail_address email_id contact_email emailaddress",
    PHONE_NUMBER: """
        phone phone_number phonenumber phone_no mobile mobile_number mobile_phone mobile_no cell
        cell_phone cellphone cell_number telephone telephone_number tel fax fax_number
        contact_number whatsapp whatsapp_number msisdn home_phone work_phone daytime_phone landline
    """,
    DATE_OF_BIRTH: """
        dob date_of_birth birth_date birthdate birthday birth_day dateofbirth born born_on
    """,
    STREET_ADDRESS: """
        address1 address2 address3 address_1 address_2 address_3 address_line address_line1
        address_line2 address_line3 address_line_1 address_line_2 address_line_3 addressline1
        addressline2 street street1 street2 street_1 street_2 street_address street_name
        street_line1 street_line2 streetaddress addr addr1 addr2 home_address mailing_address
        postal_address residential_address shipping_address billing_address delivery_address
        work_address full_address formatted_address
    """,
    ZIP_CODE: "zip zip_code zipcode postal_code postalcode postcode post_code",
    US_SSN: "ssn social_security social_security_number social_security_no ssn_number",
    US_ITIN: "itin tin tax_id tax_id_number taxpayer_id",
    US_PASSPORT: "passport passport_number passport_no passport_id passport_num",
    US_DRIVER_LICENSE: """
        driver_license drivers_license driver_license_number drivers_license_number
        driver_licence driving_licence driving_license driving_licence_number dl_number
        driver_license_no driver_license_id driver_licence_number
    """,
    US_BANK_NUMBER: """
        bank_account bank_account_number bank_account_no routing_number aba_routing_number
        sort_code account_no
    """,
    IBAN_CODE: "iban iban_code iban_number",
    UK_NHS: "nhs_number nhs_no nhs",
    CREDIT_CARD: """
        card_number cardnumber card_no credit_card credit_card_number creditcard cc_number
        debit_card debit_card_number pan primary_account_number cc_num card_num
    """,
    PAYMENT_ID: """
        payment_id payment_method_id payment_method paymentid card_id gift_card_id certificate_id
        gift_card_number voucher_id payment_token payment_source payment_account_id
    """,
    ACCOUNT_ID: """
        user_id userid uid user_name username login login_id account_id account_number accountid
        member_id membership_id membership_number member_number member_no loyalty_id loyalty_number
        policy_no employee_no student_no patient_no employee_number student_number staff_id badge_id
        frequent_flyer_number frequent_flyer frequent_flyer_id patient_id employee_id mrn
        medical_record_number policy_number insurance_number insurance_id subscriber_id student_id
        national_id national_insurance_number nino person_id passenger_id traveler_id guest_id
        profile_id owner_id assignee_id author_id end_user enduser_id screen_name user_handle
    """,
    CUSTOMER_ID: "customer_id customer_number cust_id customerid customer_no",
    IP_ADDRESS: """
        ip ip_address ip_addr client_ip remote_addr remote_address remote_ip source_ip src_ip
        dst_ip x_forwarded_for x_real_ip peer_ip host_ip client_address
    """,
    MAC_ADDRESS: "mac mac_address mac_addr hardware_address",
    CRYPTO: """
        wallet_address btc_address bitcoin_address eth_address ethereum_address crypto_address
        crypto_wallet
    """,
    API_KEY: "api_key apikey x_api_key api_secret api_token access_key access_key_id",
    SECRET: """
        password passwd pwd pass_word passphrase pass_phrase secret client_secret secret_key
        secret_access_key private_key signing_key encryption_key access_token refresh_token id_token
        auth_token bearer_token bearer session_token csrf_token xsrf_token authorization
        proxy_authorization auth cookie set_cookie credential otp otp_code mfa_code totp
        verification_code security_code security_answer connection_string conn_str dsn cvv cvc cvv2
        cvc2 card_cvv pin pin_code card_pin passcode token webhook_secret jwt database_url
    """,
}

ENTITY_OF_KEY: Final[dict[str, str]] = {
    name: entity for entity, names in _BY_ENTITY.items() for name in names.split()
}

NAMES_OF_PEOPLE: Final[frozenset[str]] = frozenset(
    [
        "user",
        "customer",
        "passenger",
        "traveler",
        "traveller",
        "patient",
        "employee",
        "contact",
        "person",
        "people",
        "member",
        "guest",
        "owner",
        "driver",
        "recipient",
        "sender",
        "applicant",
        "borrower",
        "beneficiary",
        "spouse",
        "husband",
        "wife",
        "child",
        "children",
        "dependent",
        "dependant",
        "parent",
        "guardian",
        "student",
        "teacher",
        "doctor",
        "physician",
        "nurse",
        "author",
        "reviewer",
        "assignee",
        "assigned_to",
        "reporter",
        "requester",
        "requestor",
        "profile",
        "holder",
        "cardholder",
        "buyer",
        "seller",
        "subscriber",
        "lead",
        "attendee",
        "participant",
        "candidate",
        "caller",
        "caller_id",
        "insured",
        "policyholder",
        "resident",
        "shopper",
        "payer",
        "payee",
        "signer",
        "witness",
        "claimant",
        "client",
        "emergency_contact",
        "next_of_kin",
        "rider",
        "host",
        "billing",
        "shipping",
        "billing_details",
        "shipping_details",
        "billing_info",
        "shipping_info",
        "receiver",
        "manager",
        "supervisor",
        "representative",
        "rep",
        "advisor",
        "lawyer",
        "attorney",
        "relative",
        "friend",
        "sibling",
        "account_holder",
        "individual",
        "identity",
        "personal_info",
        "personal_details",
        "contact_info",
        "contact_details",
        "userinfo",
        "user_info",
        "customer_info",
        "customer_details",
        "user_details",
        "user_profile",
        "created_by",
        "updated_by",
        "approved_by",
        "booked_by",
        "requested_by",
        "submitted_by",
        "signed_by",
    ]
)
"""A `name` in or before one of these is a person's; a plain value under one may be a name."""

ADDRESS_PARENTS: Final[frozenset[str]] = frozenset(
    [
        "address",
        "home_address",
        "mailing_address",
        "postal_address",
        "shipping_address",
        "billing_address",
        "delivery_address",
        "residence",
        "street_address",
        "residential_address",
        "work_address",
        "addr",
        "pickup_address",
        "dropoff_address",
        "ship_to",
        "bill_to",
    ]
)
PAYMENT_PARENTS: Final[frozenset[str]] = frozenset(
    [
        "payment",
        "payment_method",
        "payment_history",
        "payment_info",
        "payment_details",
        "wallet",
        "credit_card",
        "debit_card",
        "card",
        "gift_card",
        "certificate",
        "stored_payment",
        "saved_card",
        "payment_source",
        "billing_method",
        "payment_methods",
    ]
)
TRANSPARENT: Final[frozenset[str]] = frozenset(
    [
        "data",
        "attribute",
        "attributes",
        "detail",
        "details",
        "info",
        "record",
        "item",
        "result",
        "value",
        "properties",
        "list",
        "entry",
        "object",
        "payload",
        "body",
        "response",
        "request",
        "params",
        "parameters",
        "arguments",
        "args",
        "kwargs",
        "input",
        "output",
        "fields",
    ]
)
"""Wrappers that say nothing: what stands inside has the wrapper's own parent."""

IN_ADDRESS: Final[dict[str, str]] = {
    "line": STREET_ADDRESS,
    "line1": STREET_ADDRESS,
    "line2": STREET_ADDRESS,
    "line3": STREET_ADDRESS,
    "line_1": STREET_ADDRESS,
    "line_2": STREET_ADDRESS,
    "street_number": STREET_ADDRESS,
    "house_number": STREET_ADDRESS,
    "building": STREET_ADDRESS,
    "apartment": STREET_ADDRESS,
    "apt": STREET_ADDRESS,
    "unit": STREET_ADDRESS,
    "suite": STREET_ADDRESS,
    "road": STREET_ADDRESS,
    "city": LOCATION,
    "town": LOCATION,
    "locality": LOCATION,
    "suburb": LOCATION,
    "district": LOCATION,
    "neighborhood": LOCATION,
    "code": ZIP_CODE,
}
IN_PERSON: Final[dict[str, str]] = {
    "name": PERSON,
    "first": PERSON,
    "last": PERSON,
    "middle": PERSON,
    "given": PERSON,
    "family": PERSON,
    "id": ACCOUNT_ID,
    "number": PHONE_NUMBER,
    "address": STREET_ADDRESS,
    "username": ACCOUNT_ID,
    "handle": ACCOUNT_ID,
}
IN_PAYMENT: Final[dict[str, str]] = {
    "id": PAYMENT_ID,
    "number": CREDIT_CARD,
    "name": PERSON,
    "holder": PERSON,
    "token": SECRET,
}

PERSON_EVIDENCE: Final[frozenset[str]] = frozenset(
    [
        "email",
        "email_address",
        "phone",
        "phone_number",
        "mobile",
        "dob",
        "date_of_birth",
        "birth_date",
        "birthdate",
        "birthday",
        "ssn",
        "age",
        "gender",
        "first_name",
        "last_name",
        "passport",
        "passport_number",
        "user_id",
        "customer_id",
        "patient_id",
        "employee_id",
        "member_id",
        "loyalty_number",
        "emailAddress",
        "phoneNumber",
        "dateOfBirth",
        "birthDate",
        "userId",
        "customerId",
        "firstName",
        "lastName",
        "Email",
        "Phone",
        "DOB",
    ]
)
"""An object that has one of these beside a `name` describes a person."""

PROSE_KEYS: Final[frozenset[str]] = frozenset(
    [
        "content",
        "text",
        "message",
        "prompt",
        "completion",
        "query",
        "question",
        "answer",
        "reason",
        "summary",
        "note",
        "notes",
        "comment",
        "description",
        "thought",
        "reasoning",
        "transcript",
        "error_message",
        "instructions",
        "feedback",
        "explanation",
        "system_prompt",
        "user_message",
        "subject",
        "body",
        "input",
        "output",
        "title",
    ]
)
CODE_KEYS: Final[frozenset[str]] = frozenset(
    [
        "code",
        "source_code",
        "sql",
        "script",
        "diff",
        "patch",
        "stacktrace",
        "stack_trace",
        "traceback",
        "stack",
        "exception",
        "snippet",
        "command",
        "cmd",
        "shell",
    ]
)

KEY_ENTITY_IN: Final[dict[str, str | None]] = {
    "neutral": None,
    "person": ACCOUNT_ID,
    "address": None,
    "payment": PAYMENT_ID,
}
"""What a key itself is where the keys of an object are data (`users: {"ann_lee_12": …}`)."""
