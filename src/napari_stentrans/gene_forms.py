"""Forms in which one and the same name of a gene is written."""

from __future__ import annotations

import re

from napari_stentrans.gene_table import AN_ID

GENOME = re.compile(
    r"(?:grch3[78]|grcm3[89]|hg(?:19|38)|mm(?:9|10|39)|rn[67]|mrnor\w*?)[_-]+", re.I
)
"""What names begin with where reads were aligned to two genomes at once."""
MONTHS = {
    ("mar", "mrz", "03"): ("march{}", "marchf{}", "marc{}", "mtarc{}"),
    ("sep", "09"): ("sept{}", "septin{}"),
    ("dec", "dez", "12"): ("dec{}", "delec{}"),
}
"""Genes that spreadsheets take for dates, by their month."""
DATE = re.compile(
    r"(\d{1,2})[-. ]+([a-z]{3})|([a-z]{3})[-. ]+(\d{1,2})|\d{4}-(\d\d)-(\d\d).*", re.I
)


def stem_of(name: str) -> str:
    """Id in one case and without the version behind its dot; "" for other names."""
    return name.upper().partition(".")[0] if AN_ID.fullmatch(name.upper()) else ""


def forms_of(name: str) -> set[str]:
    """Name in lower case, without its genome, and what a spreadsheet may have made a date of."""
    plain = GENOME.sub("", name, count=1).lower() if GENOME.match(name) else name.lower()
    found = {plain} - {""}
    date = DATE.fullmatch(plain)
    if date is not None:
        day, month, other_month, other_day, number, of_month = date.groups()
        at, named = int(day or other_day or of_month), month or other_month or number
        for months, genes in MONTHS.items():
            if named in months:
                found |= {gene.format(at) for gene in genes}
    return found
