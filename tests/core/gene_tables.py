"""Tables of gene names as they are published, in small: the columns are real, the rest is cut."""

from __future__ import annotations

HGNC = (
    "hgnc_id\tsymbol\tname\tlocus_group\tstatus\talias_symbol\tprev_symbol\tensembl_gene_id\n"
    'HGNC:3430\tERBB2\terb-b2 kinase\tp\tApproved\t"NEU|HER-2|CD340|HER2"\tNGL\tENSG00000141736\n'
    'HGNC:8760\tPDCD1\tcell death 1\tp\tApproved\t"CD279|PD1"\t\tENSG00000188389\n'
    'HGNC:11138\tSNCA\tsynuclein\tp\tApproved\t"PD1|NACP"\t"PARK1|PARK4"\tENSG00000145335\n'
    "HGNC:26077\tMARCHF1\tring finger 1\tp\tApproved\tRNF171\tMARCH1\tENSG00000145416\n"
    'HGNC:7315\tMS4A1\tCD20 5\' part\tp\tApproved\t"B1|Bp35|CD20"\tCD20\tENSG00000156738\n'
    "HGNC:1\tGONE1\tgone\tp\tEntry Withdrawn\tHER2\t\t\n"
    "HGNC:3\tCDKN1A\tinhibitor\tp\tApproved\tp21(Cip1,Waf1)\t\tENSG00000124762\n"
    "HGNC:2\tAAVS9\tno more\tp\tApproved\t\t\t\n"
)
MGI = (
    "MGI Accession ID\tChr\tMarker Symbol\tStatus\tMarker Name\tMarker Synonyms (pipe-separated)\n"
    "MGI:95410\t11\tErbb2\tO\terb-b2\tHer2|Neu|c-erbB2\n"
    "MGI:87961\t5\tActb\tO\tactin\tActx|beta-actin\n"
    "MGI:1\t5\tOld1\tW\twithdrawn, = Actb\t\n"
)
NCBI = (
    "#tax_id\tGeneID\tSymbol\tLocusTag\tSynonyms\tdbXrefs\n"
    "9606\t2064\tERBB2\t-\tCD340|HER-2|HER2\tMIM:164870|HGNC:HGNC:3430|Ensembl:ENSG00000141736\n"
    "9606\t60\tACTB\t-\t-\tMIM:102630|Ensembl:ENSG00000075624\n"
)
BIOMART = (
    "Gene stable ID,Gene name,Gene Synonym\n"
    "ENSG00000141736,ERBB2,HER2\n"
    "ENSG00000141736,ERBB2,NEU\n"
    "ENSG00000075624,ACTB,\n"
    "ENSG00000999999,,\n"
)
TABLES = {"hgnc": HGNC, "mgi": MGI, "ncbi": NCBI, "biomart": BIOMART}
