#!/bin/sh
# Restaure une sauvegarde dans une base neuve, puis compte ce qu'elle tient. Usage : restaurer.sh FICHIER BASE
#
# À lancer par un compte qui peut créer une base et des rôles (postgres). Elle n'écrase jamais une base qui existe.
# PROPRIETAIRE nomme le rôle de l'application (palabre).
set -eu

fichier=${1:?usage : restaurer.sh FICHIER BASE}
base=${2:?usage : restaurer.sh FICHIER BASE}
proprietaire=${PROPRIETAIRE:-palabre}

[ -r "$fichier" ] || { echo "illisible : $fichier" >&2; exit 1; }
for role in palabre_app palabre_report; do
    psql --quiet --dbname=postgres --set=ON_ERROR_STOP=1 --set=role="$role" --set=owner="$proprietaire" <<'FIN'
select format('create role %I nologin', :'role') where not exists (select from pg_roles where rolname = :'role') \gexec
select format('grant %I to %I', :'role', :'owner') where :'owner' <> current_user \gexec
FIN
done
createdb --owner="$proprietaire" --template=template0 --encoding=UTF8 "$base"
pg_restore --exit-on-error --no-owner --role="$proprietaire" --dbname="$base" "$fichier"
psql --dbname="$base" --set=ON_ERROR_STOP=1 --no-align --tuples-only <<'FIN'
select 'version de la base : ' || version_num from alembic_version;
select 'codes : ' || count(*) from uic_records;
select 'conversations ouvertes : ' || count(*) from conversation_sessions;
FIN
