"""What the simulated fleet consists of: models, tools, workflows and the texts they exchange."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.simulate.templates import Template


@dataclass(frozen=True)
class Model:
    """A language model and its pace."""

    provider: str
    requested: str
    version: str
    first_token_ms: float
    ms_per_token: float


@dataclass(frozen=True)
class Tool:
    """A tool: what it is given, what it gives back, how long it takes (median)."""

    name: str
    effect: str
    median_ms: float
    arguments: Template
    result: Template
    spends: bool = False
    """Whether it moves the session's amount of money."""


@dataclass(frozen=True)
class Workflow:
    """A business process and the agent that runs it."""

    name: str
    agent: str
    tier: str
    weight: float
    prompt_id: str
    prompt_tokens: int
    models: tuple[str, ...]
    tools: tuple[Tool, ...]
    openings: tuple[Template, ...]
    answers: tuple[Template, ...]
    data_source: str = ""
    """The knowledge base it searches first; empty for none."""


MODELS = {
    "gpt-4o": Model("openai", "gpt-4o", "gpt-4o-2024-08-06", 380.0, 11.0),
    "gpt-4o-mini": Model("openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", 260.0, 7.0),
    "claude-sonnet-4-5": Model(
        "anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", 620.0, 14.0
    ),
    "gemini-2.5-flash": Model("google", "gemini-2.5-flash", "gemini-2.5-flash", 300.0, 5.0),
}

TENANTS = ("northwind", "globex", "initech", "umbra-air", "stellar-bank", "contoso")
GATEWAY_TENANTS = frozenset({"globex", "umbra-air"})
"""Their model gateway reports what a call cost."""
CHANNELS = ("chat", "chat", "email", "voice")
GUARDRAILS = ("prompt_injection", "toxicity", "policy_scope")

_PROFILE = Tool(
    "get_customer_profile",
    "read",
    140.0,
    Template({"customer_id": "{customer}"}),
    Template(
        {
            "customer_id": "{customer}",
            "name": {"first_name": "{first_name}", "last_name": "{last_name}"},
            "email": "{email}",
            "phone": "{phone}",
            "address": {"line1": "{street}", "city": "{city}"},
            "date_of_birth": "{dob}",
            "loyalty": "silver",
            "open_orders": 2,
        }
    ),
)
_ORDER = Tool(
    "lookup_order",
    "read",
    180.0,
    Template({"order_id": "{order}", "email": "{email}"}),
    Template(
        {
            "order_id": "{order}",
            "status": "delivered",
            "sku": "{sku}",
            "total": "{amount}",
            "ship_to": "{name}, {street}, {city}",
            "tracking": "{tracking}",
            "history": [
                {"state": "packed", "warehouse": "W-14", "build": "v2.11.3"},
                {"state": "delivered", "carrier_code": "{tracking}"},
            ],
        }
    ),
)
_REFUND = Tool(
    "issue_refund",
    "write",
    420.0,
    Template({"order_id": "{order}", "amount": "{amount}", "card": "{card}"}),
    Template({"refund_id": "{refund}", "state": "accepted", "to": "card {card}", "days": 5}),
    spends=True,
)
_SEARCH = Tool(
    "search_availability",
    "read",
    320.0,
    Template({"from": "{origin}", "to": "{destination}", "date": "{date}", "seats": 1}),
    Template(
        [
            {"flight": "{flight}", "departs": "06:40", "price": "{amount}", "seats": 4},
            {"flight": "HX118", "departs": "11:15", "price": 289.0, "seats": 9},
        ]
    ),
)
_BOOK = Tool(
    "create_booking",
    "write",
    650.0,
    Template(
        {
            "flight": "{flight}",
            "passengers": [
                {"first_name": "{first_name}", "last_name": "{last_name}", "dob": "{dob}"}
            ],
            "payment_id": "{payment}",
        }
    ),
    Template(
        {
            "reservation": "{order}",
            # the passenger's name is a key
            "tickets": {"{name}": {"number": "{tracking}", "seat": "14C"}},
            "charged": "{amount}",
            "receipt_sent_to": "{email}",
        }
    ),
    spends=True,
)
_VERIFY = Tool(
    "verify_identity",
    "read",
    260.0,
    Template({"full_name": "{name}", "ssn": "{ssn}", "date_of_birth": "{dob}"}),
    Template({"verified": True, "method": "knowledge", "account_number": "{account}"}),
)
_UPDATE_ADDRESS = Tool(
    "update_address",
    "write",
    240.0,
    Template({"customer_id": "{customer}", "address": {"line1": "{new_street}", "city": "{city}"}}),
    Template({"ok": True, "previous": "{street}", "current": "{new_street}", "revision": 7}),
)
_CONTACTS = Tool(
    "get_account_contacts",
    "read",
    150.0,
    Template({"account": "{account}"}),
    # e-mail addresses and account numbers as keys
    Template(
        {
            "contacts": {"{email}": {"phone": "{phone}", "primary": True}},
            "accounts": {"{account}": {"iban": "{iban}", "currency": "EUR"}},
        }
    ),
)
_CREDIT = Tool(
    "issue_credit",
    "write",
    380.0,
    Template({"account": "{account}", "amount": "{amount}", "reason": "duplicate charge"}),
    Template("Credit of {amount} booked to {iban}, holder {name}. Reference {refund}."),
    spends=True,
)
_SESSIONS = Tool(
    "list_login_sessions",
    "read",
    210.0,
    Template('{{"customer_id": "{customer}", "limit": 5}}'),
    Template(
        {
            "sessions": [
                {"ip": "{ip}", "device": "Firefox 131.0 on Linux", "user": "{email}"},
                {"ip": "10.0.0.12", "device": "iOS 18.1", "user": "{email}"},
            ],
            "commit": "9f2c1e7ab03d5c4417aa",
        }
    ),
)
_ROTATE = Tool(
    "rotate_api_key",
    "write",
    300.0,
    Template({"customer_id": "{customer}", "revoke": "{key}"}),
    Template({"revoked": True, "next_rotation_days": 90}),
)

WORKFLOWS = (
    Workflow(
        "refund",
        "refund-agent",
        "tier-2",
        0.28,
        "refund-system",
        1450,
        ("gpt-4o", "claude-sonnet-4-5"),
        (_ORDER, _REFUND),
        (
            Template(
                "Hello, my name is {name}. Order {order} arrived broken and I want my money back. "
                "You can reach me at {email}."
            ),
            Template(
                "hi, I sent back {sku} two weeks ago and the {amount} has not shown up on my card "
                "{card}. my number is {phone}"
            ),
            Template(
                "I was charged twice for order {order}. Please refund one of the charges. I live "
                "at {street}, {city}, in case you need to check."
            ),
        ),
        (
            Template("Thank you, {name}. I am looking up order {order} now."),
            Template(
                "I have issued a refund of {amount} for order {order}. It reaches your account "
                "within five working days, and a confirmation goes to {email}."
            ),
        ),
        data_source="policies",
    ),
    Workflow(
        "booking",
        "travel-agent",
        "tier-2",
        0.22,
        "booking-system",
        1900,
        ("gpt-4o", "gpt-4o-mini"),
        (_PROFILE, _SEARCH, _BOOK),
        (
            Template(
                "I need a flight from {origin} to {destination} on {date}, the cheapest one "
                "please. My customer id is {customer}."
            ),
            Template(
                "Can you book {origin} to {destination}, {date}, for {name}, born {dob}? Send the "
                "receipt to {email} and call {phone} if something changes."
            ),
        ),
        (
            Template("I found two flights on {date}. {flight} leaves at 06:40 and costs {amount}."),
            Template("Done: {flight} is booked for {name}. The receipt is on its way to {email}."),
        ),
    ),
    Workflow(
        "address_change",
        "account-agent",
        "tier-3",
        0.16,
        "account-system",
        1200,
        ("gpt-4o-mini", "claude-sonnet-4-5"),
        (_VERIFY, _PROFILE, _UPDATE_ADDRESS),
        (
            Template(
                "I have moved. My new address is {new_street}, {city}; the old one was {street}. "
                "{name}"
            ),
            Template(
                "Please change the address on account {account} to {new_street}, {city}. Date of "
                "birth {dob}, last contact from {phone}."
            ),
        ),
        (
            Template("Before I change anything: I have verified the account of {name}."),
            Template("Your address is now {new_street}, {city}. Is there anything else?"),
        ),
    ),
    Workflow(
        "faq",
        "help-agent",
        "tier-1",
        0.2,
        "faq-system",
        900,
        ("gemini-2.5-flash", "gpt-4o-mini"),
        (),
        (
            Template("How long do I have to return something that does not fit?"),
            Template("does the warranty cover {sku} if I bought it abroad? asking for a friend"),
            Template("Which documents do I need for {destination}? Write to {email} please."),
        ),
        (
            Template(
                "You can return most items within 30 days of delivery. Opened software and gift "
                "cards are excluded; section 4.2 of the policy has the details."
            ),
            Template("The warranty of {sku} holds in all countries where it is sold."),
        ),
        data_source="help-center",
    ),
    Workflow(
        "billing_dispute",
        "billing-agent",
        "tier-3",
        0.09,
        "billing-system",
        1650,
        ("claude-sonnet-4-5",),
        (_CONTACTS, _CREDIT),
        (
            Template(
                "There is a charge of {amount} on {iban} that I do not recognise. {name}, account "
                "{account}."
            ),
            Template(
                "Invoice {order} is wrong again, I paid {amount} by card {card}. Ring me under "
                "{phone}, not at the office."
            ),
        ),
        (
            Template("I see the duplicate charge on account {account}, {name}."),
            Template("A credit of {amount} is on its way to {iban}."),
        ),
        data_source="policies",
    ),
    Workflow(
        "account_recovery",
        "security-agent",
        "tier-3",
        0.05,
        "security-system",
        1100,
        ("gpt-4o",),
        (_VERIFY, _SESSIONS, _ROTATE),
        (
            Template(
                "Somebody logged in to my account from {ip}. My e-mail is {email}, please lock it "
                "and revoke the key {key}."
            ),
            Template("I lost my phone {phone} and cannot log in. SSN {ssn}, born {dob}. {name}"),
        ),
        (
            Template("I have verified you, {name}, and ended the session from {ip}."),
            Template("The old key is revoked. A new one was sent to {email}."),
        ),
    ),
)

TOOLS = {tool.name: tool for workflow in WORKFLOWS for tool in workflow.tools}

TOOL_ERRORS = (
    ("HTTP_503", Template("Error: upstream unavailable while serving {tracking}")),
    ("TimeoutError", Template("Error: no answer within 5000 ms for {email}")),
    ("HTTP_409", Template("Error: record of {name} is locked by another session")),
    ("HTTP_401", Template("Error: credential {key} was refused from {ip}")),
)
"""What goes wrong with a tool: the error's type and its message, which may quote the input."""

DOCUMENTS = (
    ("kb/returns", "Items may be returned within 30 days of delivery in their original packaging."),
    ("kb/warranty", "The warranty covers defects in material and workmanship for 24 months."),
    ("kb/shipping", "Standard delivery takes three to five working days; build 2.11.3 of the "
     "tracker shows carrier events with a delay of up to 15 minutes."),
    ("kb/chargebacks", "A disputed charge is credited at once and investigated within 10 days."),
    ("kb/travel-documents", "Passengers need a document that is valid for the whole journey."),
    ("kb/gift-cards", "Gift cards cannot be exchanged for money or returned after activation."),
)  # fmt: skip
SKUS = ("LAMP-220", "KETTLE-9", "DESK-OAK-160", "TRAIL-SHOE-42", "HEADSET-X2")
AIRPORTS = ("BOI", "TUL", "RNO", "LYS", "CGN", "KRK", "GOT", "MAA", "REC", "CTS")
PLANS = (
    "Look up what the customer refers to, check the policy, then act.",
    "Verify first, then change the record, then confirm in one sentence.",
    "Search the knowledge base; answer only from what it says.",
)
REASONS = {
    "success": "request completed",
    "failure": "the policy does not allow the request",
    "escalated": "handed over to a person at the customer's wish",
    "abandoned": "the customer stopped answering",
    "error": "a tool did not answer",
}
