"""Four countries as their people are: names, cities, operators' prefixes, currency, clock."""

from dataclasses import dataclass
from datetime import timedelta

from core.money import Currency


@dataclass(frozen=True, slots=True)
class Place:
    """One country of the demo. Prefixes are drawn as often as they are listed."""

    country: str
    name: str
    calling: str
    currency: Currency
    timezone: str
    utc_offset: timedelta
    subscribers: int
    prefixes: tuple[tuple[str, str], ...]
    digits: int
    cities: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    scale: int = 1
    code: str = "*155#"
    service: str = "wallet"
    other_language: str = "en"


CAMEROON = Place(
    country="CM",
    name="Cameroun",
    calling="+237",
    currency=Currency.XAF,
    timezone="Africa/Douala",
    utc_offset=timedelta(hours=1),
    subscribers=118,
    prefixes=(("677", "MTN"), ("675", "MTN"), ("679", "MTN"), ("650", "MTN"), ("699", "Orange"), ("696", "Orange"),
              ("691", "Orange"), ("655", "Orange"), ("662", "Nexttel")),
    digits=9,
    cities=("Douala", "Yaoundé", "Bafoussam", "Garoua", "Bamenda", "Kribi", "Ebolowa", "Ngaoundéré"),
    first_names=("Awa", "Brice", "Carine", "Didier", "Estelle", "Franck", "Ghislaine", "Hervé", "Ingrid", "Joël",
                 "Laure", "Martial", "Nadège", "Olivier", "Patience", "Rodrigue", "Solange", "Thierry", "Ursule",
                 "Valérie", "Wilfried", "Yvette", "Achille", "Blandine", "Clovis", "Delphine"),
    last_names=("Mbarga", "Nkolo", "Essomba", "Ateba", "Biya", "Fotso", "Kamga", "Tchoumi", "Ngo Bassong", "Mvondo",
                "Abena", "Njoya", "Tagne", "Manga", "Ebode", "Nguema", "Talla", "Simo", "Onana", "Wamba", "Djomo",
                "Ekambi", "Belinga", "Moukoko"),
)  # fmt: skip  # names read best in rows

SENEGAL = Place(
    country="SN",
    name="Sénégal",
    calling="+221",
    currency=Currency.XOF,
    timezone="Africa/Dakar",
    utc_offset=timedelta(0),
    subscribers=48,
    prefixes=(("77", "Orange"), ("78", "Orange"), ("77", "Orange"), ("76", "Yas"), ("70", "Expresso")),
    digits=9,
    cities=("Dakar", "Thiès", "Saint-Louis", "Kaolack", "Ziguinchor", "Touba", "Mbour"),
    first_names=("Fatou", "Mamadou", "Aïssatou", "Ousmane", "Khady", "Cheikh", "Ndèye", "Ibrahima", "Mariama",
                 "Abdoulaye", "Coumba", "Modou", "Rokhaya", "Alioune", "Sokhna", "Babacar", "Astou", "Pape"),
    last_names=("Diop", "Ndiaye", "Fall", "Sow", "Ba", "Gueye", "Sarr", "Faye", "Diallo", "Cissé", "Mbaye", "Thiam",
                "Sène", "Kane", "Seck", "Diouf"),
    code="*156#",
    service="wallet-sn",
)  # fmt: skip

IVORY_COAST = Place(
    country="CI",
    name="Côte d’Ivoire",
    calling="+225",
    currency=Currency.XOF,
    timezone="Africa/Abidjan",
    utc_offset=timedelta(0),
    subscribers=48,
    prefixes=(("0707", "Orange"), ("0748", "Orange"), ("0505", "MTN"), ("0544", "MTN"), ("0101", "Moov")),
    digits=10,
    cities=("Abidjan", "Bouaké", "Yamoussoukro", "San-Pédro", "Daloa", "Korhogo", "Man"),
    first_names=("Aya", "Kouadio", "Adjoua", "Koffi", "Affoué", "Yao", "Amenan", "Konan", "Akissi", "N'Guessan",
                 "Ahou", "Kouamé", "Aminata", "Seydou", "Mireille", "Serge", "Clarisse", "Drissa"),
    last_names=("Kouassi", "Koné", "Ouattara", "Traoré", "Bamba", "Yao", "Coulibaly", "Touré", "Gnahoré", "Aka",
                "Tanoh", "Brou", "Zadi", "Kacou", "Assi", "Diabaté"),
    code="*157#",
    service="wallet-ci",
)  # fmt: skip

CONGO = Place(
    country="CD",
    name="RD Congo",
    calling="+243",
    currency=Currency.CDF,
    timezone="Africa/Kinshasa",
    utc_offset=timedelta(hours=1),
    subscribers=36,
    prefixes=(("81", "Vodacom"), ("82", "Vodacom"), ("84", "Orange"), ("89", "Orange"), ("97", "Airtel"),
              ("99", "Airtel"), ("90", "Africell")),
    digits=9,
    cities=("Kinshasa", "Lubumbashi", "Goma", "Kisangani", "Matadi", "Mbandaka", "Bukavu"),
    first_names=("Grâce", "Jean-Pierre", "Béatrice", "Héritier", "Nadine", "Trésor", "Espérance", "Dieudonné",
                 "Merveille", "Christian", "Jolie", "Patrick", "Rachel", "Fiston", "Prisca", "Guylain"),
    last_names=("Mbuyi", "Kabongo", "Ilunga", "Tshibangu", "Mukendi", "Kalala", "Lukusa", "Mutombo", "Ngalula",
                "Kasongo", "Mwamba", "Bolamba", "Nsimba", "Makiese", "Lokwa"),
    scale=500,
    code="*158#",
    service="wallet-cd",
    other_language="ln",
)  # fmt: skip

PLACES = (CAMEROON, SENEGAL, IVORY_COAST, CONGO)
