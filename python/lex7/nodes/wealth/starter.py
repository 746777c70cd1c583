"""The starter rules: common payee words, so that the first import is not all `other`.

They are deliberately plain: words that mean one thing in most places. The owner's own rules stand
before them, and `lex7 categorise` shows which rule decided. Sources: ISO 18245 merchant codes;
payee words in English and German as banks print them. Their order decides: codes before words, the
narrow before the wide.
"""

from __future__ import annotations

from lex7.nodes.wealth.category import CategoryRule, Flow, Looks


def _words(category: str, patterns: str, flow: Flow = Flow.OUT) -> CategoryRule:
    """Patterns are parted by commas."""
    parted = tuple(part.strip() for part in patterns.split(","))
    suffix = "-in" if flow is Flow.IN else ""
    return CategoryRule(f"starter-{category}{suffix}", category, Looks.WORDS, parted, flow)


def _codes(category: str, patterns: str) -> CategoryRule:
    return CategoryRule(
        f"starter-{category}-mcc", category, Looks.MCC, tuple(patterns.split()), Flow.OUT
    )


STARTER_RULES: tuple[CategoryRule, ...] = (
    # the merchant's own code, where the bank passes it on
    _codes("groceries", "5411 5422 5441 5451 5499"),
    _codes("restaurants", "5811-5814 5462"),
    _codes("transport", "4111-4131 4784 4789 5541-5542 7523"),
    _codes("travel", "3000-3838 4511 4722 7011 7512"),
    _codes("health", "5912 8011-8099 5976"),
    _codes("utilities", "4900"),
    _codes("phone", "4812-4816 4899"),
    _codes("insurance", "5960 6300 6381"),
    _codes("home", "5200-5261 5712-5722"),
    _codes("clothing", "5611-5699"),
    _codes("entertainment", "7832 7922 7929 7991 7994 7996 7999"),
    _codes("education", "8211-8299"),
    _codes("cash", "6010-6011"),
    _codes("shopping", "5310-5331 5399 5732 5942 5945"),
    # the bank's type code says what the payee often does not
    CategoryRule("starter-salary-kind", "salary", Looks.KIND, ("directdep",), Flow.IN),
    CategoryRule("starter-interest-kind", "interest", Looks.KIND, ("int", "div"), Flow.IN),
    CategoryRule("starter-cash-kind", "cash", Looks.KIND, ("atm", "cash"), Flow.OUT),
    CategoryRule("starter-fees-kind", "fees", Looks.KIND, ("fee", "srvchg"), Flow.OUT),
    # payee words; `uber eats` is a meal, `uber` a ride
    _words(
        "salary",
        "salary, payroll, wages, gehalt, lohn, direct dep, dir dep, besoldung",
        Flow.IN,
    ),
    _words(
        "interest",
        "interest, dividend, dividends, zinsen, zinsgutschrift, dividende",
        Flow.IN,
    ),
    _words(
        "benefits",
        "social security, ssa treas, kindergeld, familienkasse, pension, rente, unemployment,"
        " elterngeld, arbeitsagentur, child benefit, tax refund, irs treas, finanzamt",
        Flow.IN,
    ),
    _words(
        "restaurants",
        "restaurant, restaurante, ristorante, trattoria, pizzeria, pizza, sushi, ramen, "
        "burger, taqueria, tacos, cafe, coffee, kaffee, espresso, bistro, brasserie, diner, "
        "grill, tavern, pub, kebab, doner, imbiss, gasthaus, biergarten, mcdonald, mcdonalds,"
        " starbucks, subway sandwich, chipotle, dunkin, wendys, kfc, panera, dominos, "
        "sweetgreen, nandos, wagamama, costa, pret, vapiano, uber eats, ubereats, doordash, "
        "grubhub, deliveroo, lieferando, wolt, just eat, bakery, backerei, steakhouse, "
        "noodle, thai, bar",
    ),
    _words(
        "groceries",
        "grocery, groceries, supermarket, supermarkt, market hall, farmers market, whole "
        "foods, trader joe, trader joes, safeway, kroger, aldi, lidl, rewe, edeka, penny "
        "markt, netto, kaufland, tesco, sainsbury, sainsburys, asda, morrisons, waitrose, "
        "carrefour, auchan, albert heijn, jumbo, migros, coop, denns, alnatura, publix, "
        "wegmans, costco, food lion, woolworths, coles, lebensmittel",
    ),
    _words(
        "rent",
        "rent, miete, kaltmiete, warmmiete, landlord, apartments, property management, "
        "hausverwaltung, wohnungsbau, letting, lettings",
    ),
    _words("mortgage", "mortgage, hypothek, baufinanzierung, home loan"),
    _words(
        "utilities",
        "electric, electricity, energy, power company, gas company, water, sewer, utility, "
        "utilities, strom, stadtwerke, vattenfall, eon, enbw, con edison, coned, pge, "
        "heating, fernwarme",
    ),
    _words(
        "phone",
        "internet, broadband, mobile, verizon, att, comcast, xfinity, spectrum, telekom, "
        "vodafone, telefonica, o2, t mobile, tmobile, phone, wireless, fritz dsl",
    ),
    _words(
        "insurance",
        "insurance, versicherung, allianz, geico, state farm, progressive, allstate, axa, "
        "huk, debeka, haftpflicht, assurance",
    ),
    _words(
        "health",
        "pharmacy, apotheke, cvs, walgreens, rite aid, doctor, dentist, zahnarzt, clinic, "
        "hospital, krankenhaus, krankenkasse, optician, optiker, physio, arztpraxis, dental",
    ),
    _words(
        "fitness",
        "gym, fitness, yoga, pilates, climbing, boulder, boulderhalle, mcfit, urban sports, "
        "classpass, swimming",
    ),
    _words(
        "transport",
        "uber, lyft, taxi, transit, metro, subway, bus, train, rail, railway, amtrak, bvg, "
        "mvg, deutsche bahn, db vertrieb, sncf, trainline, tfl, fuel, shell, chevron, exxon, "
        "esso, aral, bp, mobil, tankstelle, parking, parkhaus, toll, gas station, bolt ride, "
        "carsharing",
    ),
    _words(
        "subscriptions",
        "netflix, spotify, hulu, disney, disney plus, youtube premium, icloud, patreon, "
        "audible, subscription, abo, newspaper, zeitung, new york times, dropbox, prime video",
    ),
    _words(
        "travel",
        "airline, airlines, airways, lufthansa, ryanair, easyjet, delta air, united air, "
        "hotel, hostel, airbnb, booking, expedia, marriott, hilton, rental car, hertz, sixt",
    ),
    _words(
        "home",
        "ikea, home depot, lowes, furniture, mobel, hardware, obi, bauhaus, hornbach, "
        "wayfair, garden center",
    ),
    _words(
        "clothing", "clothing, zara, uniqlo, zalando, h m, nike, adidas, shoes, apparel, fashion"
    ),
    _words(
        "education",
        "tuition, university, school, kita, kindergarten, daycare, childcare, course, udemy, "
        "coursera",
    ),
    _words("taxes", "irs, finanzamt, tax payment, hmrc, franchise tax, usataxpymt, steuer"),
    _words("cash", "atm, cash withdrawal, geldautomat, bargeldauszahlung, bargeld"),
    _words("fees", "fee, fees, service charge, overdraft, kontofuhrung, entgelt, gebuhr"),
    _words("donations", "donation, charity, red cross, unicef, spende, oxfam"),
    _words(
        "entertainment",
        "cinema, kino, theater, theatre, concert, ticketmaster, eventim, museum, steam games,"
        " playstation, nintendo, xbox",
    ),
    _words(
        "shopping",
        "amazon, amzn, ebay, etsy, target, walmart, best buy, mediamarkt, saturn, dm "
        "drogerie, rossmann, mueller, argos",
    ),
)
