"""What the sample household pays and earns: payees as banks spell them, rhythms and sizes.

Plain tables, in major units of the household's currency for a scale of 1. The categories are those
of the starter rules, so that a fresh home can be judged against the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

EVERY_DAY = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
SHOP_DAYS = (0.9, 0.7, 0.8, 0.9, 1.4, 2.1, 0.2)
EVENING_DAYS = (0.5, 0.6, 0.8, 1.0, 1.7, 1.9, 1.1)
WORK_DAYS = (1.3, 1.3, 1.3, 1.3, 1.2, 0.4, 0.2)


@dataclass(frozen=True, slots=True)
class Everyday:
    """A habit: purchases at random times, at a rate that follows the week and the year.

    Attributes:
        name: unique; keys the drawing.
        category: the true category.
        per_week: purchases a week on average.
        week: relative rate from Monday to Sunday.
        median: the middle amount.
        spread: the standard deviation of the logarithm of the amount.
        card_share: how much of it is paid with the credit card.
        december: how much higher the rate is in December.
        payees: (payee, memo); an empty memo gives the terminal's usual line.
    """

    name: str
    category: str
    per_week: float
    week: tuple[float, ...]
    median: float
    spread: float
    card_share: float
    december: float
    payees: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bill:
    """A payment by the calendar.

    Attributes:
        name: unique; the schedule's name in the truth.
        category: the true category.
        account: `checking` or `card`.
        day: the day of the month on which it is due.
        months: the months of the year (1 to 12) in which it is due.
        amount: at the first price.
        later_amount: after the price step, the same where there is none.
        jitter: relative spread of the amount (metered bills); 0 for a fixed one.
        payee: as the bank writes it.
        memo: the reference.
    """

    name: str
    category: str
    account: str
    day: int
    months: tuple[int, ...]
    amount: float
    later_amount: float
    jitter: float
    payee: str
    memo: str


MONTHLY = tuple(range(1, 13))
QUARTERLY = (1, 4, 7, 10)

EVERYDAY: tuple[Everyday, ...] = (
    Everyday("supermarket", "groceries", 2.4, SHOP_DAYS, 32.0, 0.50, 0.25, 0.15,
             ("REWE SAGT DANKE 43210", "EDEKA BERGMANN", "LIDL DIENSTL. 4711", "ALDI SUED 1182")),
    Everyday("bakery", "groceries", 0.9, EVERY_DAY, 11.0, 0.45, 0.1, 0.0,
             ("DENNS BIOMARKT 17", "ALNATURA BERLIN", "PENNY MARKT 2209")),
    Everyday("restaurant", "restaurants", 1.6, EVENING_DAYS, 25.0, 0.50, 0.85, 0.10,
             ("TRATTORIA LUCE", "RESTAURANT NORDSTERN", "SUSHI KANTINE", "LIEFERANDO.DE",
              "PIZZERIA SALE E PEPE", "UBER EATS HELP.UBER.COM")),
    Everyday("coffee", "restaurants", 2.2, WORK_DAYS, 4.6, 0.25, 0.7, 0.0,
             ("CAFÉ KRANICH", "COFFEE FELLOWS 88", "BÄCKEREI STEINECKE")),
    Everyday("online", "shopping", 0.75, EVERY_DAY, 34.0, 0.80, 0.95, 0.35,
             ("AMAZON.DE*2K47R1", "AMZN MKTP DE*9R3QT", "MEDIAMARKT 114", "EBAY O*08-11452")),
    Everyday("drugstore", "shopping", 0.5, SHOP_DAYS, 16.0, 0.45, 0.2, 0.1,
             ("DM DROGERIE MARKT 1402", "ROSSMANN 3310")),
    Everyday("clothes", "clothing", 0.2, SHOP_DAYS, 58.0, 0.55, 0.9, 0.2,
             ("ZALANDO SE", "UNIQLO TAUENTZIEN", "ADIDAS STORE 12")),
    Everyday("fuel", "transport", 0.6, WORK_DAYS, 57.0, 0.16, 0.2, 0.0,
             ("ARAL STATION 2241", "SHELL 1120 BERLIN", "ESSO STATION MUELLERSTR")),
    Everyday("ticket", "transport", 1.1, WORK_DAYS, 4.1, 0.35, 0.6, 0.0,
             ("BVG TICKETS", "DB VERTRIEB GMBH")),
    Everyday("pharmacy", "health", 0.25, WORK_DAYS, 15.0, 0.50, 0.3, 0.0,
             ("APOTHEKE AM MARKT", "PHYSIO PRAXIS HANSEN")),
    Everyday("outing", "entertainment", 0.5, EVENING_DAYS, 21.0, 0.50, 0.9, 0.15,
             ("KINO INTERNATIONAL", "EVENTIM TICKETS", "STEAM GAMES")),
    Everyday("household", "home", 0.14, SHOP_DAYS, 44.0, 0.65, 0.4, 0.0,
             ("IKEA BERLIN", "BAUHAUS 571", "OBI MARKT 77")),
    Everyday("kiosk", "other", 0.6, EVERY_DAY, 9.0, 0.50, 0.1, 0.0,
             ("KIOSK AM PARK", "B&B BLUMEN LEHMANN", "SPAETI 61")),
)  # fmt: skip

BILLS: tuple[Bill, ...] = (
    Bill("rent", "rent", "checking", 1, MONTHLY, 1290, 1290, 0,
         "HAUSVERWALTUNG NORDUFER", "MIETE WHG 3.2"),
    Bill("power", "utilities", "checking", 15, MONTHLY, 86, 86, 0,
         "VATTENFALL EUROPE SALES", "STROM ABSCHLAG KD 66120"),
    Bill("heating", "utilities", "checking", 16, QUARTERLY, 182, 182, 0.09,
         "BERLINER STADTWERKE", "FERNWAERME QUARTAL"),
    Bill("internet", "phone", "checking", 20, MONTHLY, 39.99, 39.99, 0,
         "VODAFONE DEUTSCHLAND", "KABEL 00771-4"),
    Bill("mobile", "phone", "checking", 8, MONTHLY, 19.99, 19.99, 0,
         "TELEKOM MOBILFUNK", "RG 4410"),
    Bill("sports", "fitness", "card", 3, MONTHLY, 59, 59, 0, "URBAN SPORTS CLUB", "MEMBERSHIP M"),
    Bill("video", "subscriptions", "card", 11, MONTHLY, 12.99, 14.99, 0, "NETFLIX.COM", ""),
    Bill("music", "subscriptions", "card", 22, MONTHLY, 10.99, 10.99, 0, "SPOTIFY P2B77A01", ""),
    Bill("storage", "subscriptions", "card", 5, MONTHLY, 2.99, 2.99, 0,
         "APPLE.COM/BILL ICLOUD", ""),
    Bill("paper", "subscriptions", "card", 17, MONTHLY, 17, 17, 0, "NEW YORK TIMES DIGITAL", ""),
    Bill("policy-car", "insurance", "checking", 2, (3,), 412.60, 412.60, 0,
         "HUK-COBURG VERSICHERUNG", "KFZ VS 118-204"),
    Bill("policy-liability", "insurance", "checking", 2, (7,), 96.35, 96.35, 0,
         "HUK-COBURG VERSICHERUNG", "HAFTPFLICHT VS 118-377"),
    Bill("policy-household", "insurance", "checking", 2, (11,), 268.10, 268.10, 0,
         "HUK-COBURG VERSICHERUNG", "HAUSRAT VS 118-391"),
)  # fmt: skip
"""Three yearly policies of one company stand a third of a year apart; they are not one bill of
every four months."""

SHOCKS: tuple[tuple[str, str, str, float], ...] = (
    ("KFZ WERKSTATT KRAUSE", "other", "checking", 640.0),
    ("ZAHNARZT DR. LINDNER", "health", "checking", 430.0),
    ("SATURN ONLINE", "shopping", "card", 560.0),
)
"""Payee, true category, account, median."""

SHOCKS_PER_YEAR = 1.5
SHOCK_SPREAD = 0.5
SALARY, SALARY_DAY, RAISE_MONTH, RAISE = 3_330.0, 25, 4, 0.032
EXTRA_SALARY_MONTH, EXTRA_SALARY_SHARE = 6, 0.85
"""The thirteenth salary comes with the one of June."""
SAVING, SAVING_DAY = 350.0, 27
PRICE_STEP = (2026, 3)
"""From this month the later amounts hold, if it lies in the history; else from its middle."""
CARD_CLOSING_DAY, CARD_PAYMENT_DAY = 18, 2
OPENING = {"checking": 2_950.0, "savings": 8_900.0, "card": -410.0}
LOW_WATER, TOP_UP = 350.0, 900.0
"""When checking falls below the first, the second comes back from savings on the next business
day."""
EMPLOYER, EMPLOYER_MEMO = "NORTHWIND LABS GMBH", "GEHALT SALARY"
REFUND_SHARE = 0.06
