#!/bin/sh
# Makes what infra/compose.yaml reads from infra/secrets: a database password, and a certificate for the coordinator by an
# authority of its own. Files that are there already are kept.
#   infra/scripts/make-secrets.sh [NAME ...]      names by which sites reach the coordinator, as fed.example.org
# The authority's key is thrown away: a new certificate needs a new authority, which every site has to be given. For more
# than a trial put the hospital's own certificate (with its chain), key and authority into tls-cert.pem, tls-key.pem and
# tls-ca.pem before.
set -eu
umask 077

folder=$(dirname "$0")/../secrets
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

if [ ! -e database-password ]; then
  openssl rand -hex 24 >database-password.new
  mv database-password.new database-password
fi

if [ ! -e tls-cert.pem ] || [ ! -e tls-key.pem ] || [ ! -e tls-ca.pem ]; then
  if [ -e tls-cert.pem ] || [ -e tls-key.pem ] || [ -e tls-ca.pem ]; then
    echo "make-secrets: $(pwd): of tls-cert.pem, tls-key.pem and tls-ca.pem some are there; add the others, or remove these" >&2
    exit 1
  fi
  names="DNS:coordinator,DNS:localhost,IP:127.0.0.1"
  for name in "$@"; do
    case $name in
      *[!A-Za-z0-9.:-]*) echo "make-secrets: $name is no name of a host" >&2; exit 2 ;;
      *[!0-9.]*) names="$names,DNS:$name" ;;
      *) names="$names,IP:$name" ;;
    esac
  done
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  openssl req -x509 -newkey rsa:3072 -nodes -sha256 -days 397 -subj "/CN=FedBAPS trial authority" \
    -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout "$work/ca-key.pem" -out "$work/ca.pem" 2>"$work/log" ||
    { cat "$work/log" >&2; exit 1; }
  openssl req -newkey rsa:3072 -nodes -sha256 -subj "/CN=coordinator" -keyout "$work/key.pem" -out "$work/request.pem" \
    2>"$work/log" || { cat "$work/log" >&2; exit 1; }
  printf 'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\nsubjectAltName=%s\n' \
    "$names" >"$work/extensions"
  openssl x509 -req -in "$work/request.pem" -CA "$work/ca.pem" -CAkey "$work/ca-key.pem" -CAcreateserial -sha256 -days 397 \
    -extfile "$work/extensions" -out "$work/cert.pem" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
  mv "$work/ca.pem" tls-ca.pem
  mv "$work/key.pem" tls-key.pem
  mv "$work/cert.pem" tls-cert.pem
fi

# Read inside the containers by users of other numbers; the folder keeps out those of this machine.
chmod 644 database-password tls-ca.pem tls-cert.pem tls-key.pem
echo "ready in $(pwd): database-password tls-ca.pem tls-cert.pem tls-key.pem"
