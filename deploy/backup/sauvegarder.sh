#!/bin/sh
# Sauvegarde la base, la relit, efface celles de plus de 30 jours. Usage : sauvegarder.sh DOSSIER
#
# La connexion vient de libpq (PGHOST, PGUSER, PGDATABASE, PGPASSFILE) : aucun mot de passe sur la ligne de commande.
# Les clés (UIC_SALT, CIU_MATCH_KEYS, CIU_DATA_KEY…) ne sont pas dans la base : elles se gardent à part, au coffre.
set -eu
umask 077

dossier=${1:?usage : sauvegarder.sh DOSSIER}
jours=${GARDER_JOURS:-30}
fichier="$dossier/palabre-$(date +%Y%m%d-%H%M%S).dump"

mkdir -p "$dossier"
trap 'rm -f "$fichier.partiel"' EXIT
pg_dump --format=custom --no-password --file="$fichier.partiel"
pg_restore --list "$fichier.partiel" > /dev/null # une sauvegarde qui ne se relit pas n'en est pas une
mv "$fichier.partiel" "$fichier"
find "$dossier" -maxdepth 1 -name 'palabre-*.dump' -mtime "+$jours" -delete
printf '%s %s\n' "$fichier" "$(wc -c < "$fichier") octets"
