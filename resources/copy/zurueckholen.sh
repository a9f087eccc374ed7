#!/bin/sh
# Holt einen Stand aus dieser Kopie zurück und prüft dabei jede Datei. An der Kopie ändert es nichts.
#   sh zurueckholen.sh                            zeigt alle Stände, der neueste steht unten
#   sh zurueckholen.sh STAND ZIELORDNER [PFAD]    holt genau diesen Stand in einen leeren oder neuen Ordner
# STAND: Nummer (2), ganzer Name oder neuester (der neueste vollständige). PFAD: nur dieser Ordner, nur diese Datei.
# Nötig: sh, awk, gzip, sha256sum (macOS: shasum), cmp, dd, head, tail, touch. Besitzer und ACL setzt es nicht.
PFAD=${3-} LC_ALL=C TZ=UTC0 CDPATH=''; export PFAD LC_ALL TZ T; umask 022; set -C # set -C: ">" überschreibt nie eine Datei
K=$(cd -- "$(dirname -- "$0")" && pwd -P) && T=$(mktemp -d) || exit 1; ns=''; touch -c -h -d @1.5 "$T" 2>/dev/null && ns=1
trap 'rm -rf "$T"' EXIT; trap 'exit 1' HUP INT TERM; ende() { printf '%s\n' "$*" >&2; exit 1; }
command -v sha256sum >/dev/null || sha256sum() { shasum -a 256 "$@"; }; stimmt() { [ "$(sha256sum <"$2")" = "$1  -" ]; } 2>/dev/null
wert() { W=${B#*\""$1"\":}; W=${W%%[,\}]*}; W=${W#\"}; W=${W%\"}; } # Wert eines Feldes aus dem Beleg $B
# 1. Belege: Ein Stand gilt, wenn der Beleg seine eigene SHA-256 als zweite Zeile hat und so heißt, wie in ihm steht.
for f in "$K"/staende/*.json; do n=${f##*/} n=${n%.json}; B=$(head -n 1 "$f"); s=$(printf %s "$B" | sha256sum)
  printf '%s\n%s\n' "$B" "${s%% *}" | cmp -s - "$f" || B=''
  case $B in '{"format":1,"art":"stand",'*'","lauf":"'"$n"'","schreiber":'*) printf '%s\n' "$B" >>"$T/belege"
    wert ortszeit; z=$W; wert dateien; d=$W; wert vollstaendig; [ "$W" = true ] && W=vollständig || W='teilweise  '
    printf '%7s  %.10s %.5s  %s  %8s Dateien  %s\n' "${n%%-*}" "$z" "${z#*T}" "$W" "$d" "$n" ;;
  '{"format":1,"art":"aufraeumen",'*) printf '%s\n' "$B" >>"$T/belege" ;; '{"format":1,"art":"'[!s]*) ;; *) echo "Hinweis: staende/$n.json ist beschädigt oder zu neu und zählt nicht." >&2 ;; esac
done | sort -n >"$T/staende"; [ -s "$T/staende" ] || ende "Hier liegt kein gültiger Stand."
[ $# -gt 0 ] || { cat "$T/staende"; exit; }; [ $# -gt 1 ] || ende "Aufruf: sh zurueckholen.sh STAND ZIELORDNER [PFAD]"
n=$(W=$1 awk '{ w = ENVIRON["W"] } $NF == w || w ~ /^[0-9]+$/ && $1 + 0 == w + 0 { n++; l = $NF }
  w == "neuester" && / vollständig / { l = $NF } END { if (n < 2) print l }' "$T/staende")
[ -n "$n" ] || ende "Den Stand $1 gibt es hier nicht, oder die Nummer ist doppelt: dann bitte den ganzen Namen angeben."
# 2. Die Liste des Standes (WAS), die Inhaltsverzeichnisse der gültigen Stände (WO), zuletzt auch alle anderen
hole() { wert "$1"; f=$K/staende/$W; wert "$2"; stimmt "$W" "$f" || ende "Die Liste $f ist beschädigt oder fehlt."
  wert "$3"; gzip -dc "$f" | head -c "$W" >"$4"; gzip -dc "$f" | cmp -s - "$4" && [ "$(wc -c <"$4")" -eq "$W" ] ||
  ende "Die Liste $f ist nicht so lang, wie der Beleg sagt."; }
B=$(head -n 1 "$K/staende/$n.json"); hole liste liste_sha256 liste_entpackt "$T/liste"; case $B in *'"gegen":{'*)
  B=${B##*'"gegen":'}; mv "$T/liste" "$T/neu"; hole name sha256 entpackt "$T/voll" # nur ein Unterschied zu dieser vollen Liste
  awk -F'"' 'FNR == 1 { if (NR == 1) print; next } $4 != "teil" { p = $8 } # je Pfad: was statt dessen gilt
  NR == FNR { if (!(p in neu)) r[++n] = p; neu[p] = neu[p] ($4 == "weg" ? "" : $0 "\n"); next } !(p in neu) { print; next }
  { printf "%s", neu[p]; neu[p] = "" } END { while (i++ < n) printf "%s", neu[r[i]] }' "$T/neu" "$T/voll" >"$T/liste" ;; esac
awk '{ n = split($0, a, "\""); for (i = 1; i < n; i++) if (a[i] == "lauf" && a[i + 4] == "groesse")
  print a[i + 8], "daten/" a[i + 2] "/inhalt.tsv.gz" }' "$T/belege" | while read -r s f; do
  stimmt "$s" "$K/$f" && gzip -dc "$K/$f" && printf '%s\n' "$K/$f" >>"$T/gilt"; done >"$T/orte"
for f in "$K"/daten/*/inhalt.tsv.gz; do [ ! -f "$f" ] || grep -qsxF "$f" "$T/gilt" || {
  echo "Hinweis: Für daten${f#"$K"/daten} bürgt kein gültiger Beleg." >&2; gzip -dc "$f" 2>/dev/null; echo; }; done >>"$T/orte"
# 3. awk macht daraus Befehle für die Shell: plan (Ordner und Dateien), zuletzt (Verweise, dann Zeiten der Ordner)
awk 'function feld(k,  i, r) { if (!(i = index($0, "\"" k "\":"))) return ""; r = substr($0, i + length(k) + 3)
  if (r ~ /^"/) return substr(r, 2, index(substr(r, 2), "\"") - 1); match(r, /^[^,}]*/); return substr(r, 1, RLENGTH) }
function klar(t, i, x) { split(t, x, "%"); t = x[1]; for (i = 2; i in x; i++) t = t b[substr(x[i], 1, 2)] substr(x[i], 3); return t }
function q(t) { gsub(Q, Q "\"" Q "\"" Q, t); return Q t Q } # in Anführungszeichen: die Shell deutet nichts darin
function ort(s, ab, lang, n, wie) { if (s in noetig && (ab lang n) !~ /[^0-9]/) # ein Ort von Inhalt s
  orte[s] = orte[s] "teil " q(s) " " ab " " lang " " n " " q(wie) " " objekt "\n" }
function modus(m) { return m ~ /^[0-7][0-7][0-7][0-7]$/ ? (substr(m, 1, 1) % 2) substr(m, 2) : "0600" } # nie set-uid, set-gid
BEGIN { FS = "\t"; Q = sprintf("%c", 39); for (i = 1; i < 256; i++) b[sprintf("%02X", i)] = sprintf("%c", i)
  P = ENVIRON["T"] "/plan0000000"; E = ENVIRON["T"] "/zuletzt"; nur = ENVIRON["PFAD"]; sub(/\/+$/, "", nur); printf "" >E }
function ende(t) { print t >"/dev/stderr"; aus = 1; exit 1 }; a == 1 { if (s = feld("sha256")) noetig[s]; next }
a == 2 && $1 == "O" { objekt = "\"$K\"/daten/" q(lauf "/" $4); ort($3, 0, $2, $2, "ganz") }
a == 2 { if ($1 == "T") ort($2, $3, $4, $5, $6); if ($1 == "#inhalt") lauf = $3; next }
/^\{"art":"teil",/ { if (teile-- > 0) print "da=$g\n" orte[feld("sha256")] >P; next }
{ art = feld("art"); w = feld("pfad"); p = klar(w); f = q("./" p); m = modus(feld("modus")); o = p; sub("/?[^/]*$", "", o)
  z = feld("zeit"); if (length(z) < 11) sub(/^-?/, "&0000000000", z); sub(/.........$/, ".&", z); z = q(z)
  mit = !nur || index(p "/", nur "/") == 1; print schluss >P; schluss = ""; sonst = " || fehlt " q(w) }
art == "ausgelassen" || FNR == 1 { if (mit && FNR > 1) print "In diesem Stand nicht gesichert: " w " (" feld("grund") ")"; next }
art !~ /^(ordner|datei|verweis)$/ || ("/" p "/") ~ /\/\.?\.?\// || w ~ /%00/ || p in alle || o && !(o in ordner) {
  ende("Unerlaubter Eintrag in der Liste: " art " " w) }
{ alle[p]; treffer += mit; if (art == "ordner") { ordner[p]; mit = mit || index(nur "/", p "/") == 1 }; if (!mit) next
  if (++n % 500 == 0) { close(P); P = sprintf("%s/plan%07d", ENVIRON["T"], n) } } # in Stücken, sonst wird bash langsam
art == "ordner" { print "mkdir -m 700 " f sonst >P; spaet[++d] = "zeit " z " " f "; chmod " m " " f; next }
art == "verweis" { print "frei " f " && ln -s -- " q(klar(feld("ziel"))) " " f " && zeit " z " " f sonst >E; next }
{ s = feld("sha256"); if ((id = feld("hartlink")) && (id = id s) in erst) { print "hart " erst[id] " " f sonst >P; next } }
{ erst[id] = f; teile = feld("teile"); print "neu " f sonst "\n" orte[s] "g=$da" >P; schluss = "fertig " q(s) " " z " " m sonst }
END { if (aus) exit 1; if (!treffer) ende("Nichts in diesem Stand passt auf: " nur); print schluss >P
  for (; d; d--) print spaet[d] >E }' a=1 "$T/liste" a=2 "$T/orte" a=3 "$T/liste" || exit 1
fehlt() { printf '%s\n' "$1" >>"$T/fehlt"; }; frei() { [ ! -e "$1" ] && [ ! -L "$1" ]; }
hart() { frei "$2" && { ln "$1" "$2" || cp -p "$1" "$2"; } 2>/dev/null; } # wo es keine harten Links gibt: eine Abschrift
zeit() { [ -n "$ns" ] || set -- "${1%.*}" "$2"; touch -c -h -d "@$1" "$2" || # auf Nanosekunden oder Sekunden; dann macOS
  touch -c -h -t "$(date -r "${1%.*}" +%Y%m%d%H%M.%S)" "$2" || :; } 2>/dev/null
neu() { da='' Z=$1; frei "$Z" || { Z=$T/weg; rm -f "$Z"; }; printf '' >"$Z"; [ "$Z" = "$1" ]; } # nie über Vorhandenes
teil() { [ -z "$da" ] && [ -f "$6" ] || return 0; M=1048576 # SHA-256, Anfang, Länge, Größe, Packung, Objekt: hängt Inhalt an
  if [ "$5" = ganz ] && [ ! -s "$Z" ]; then cat "$6" >|"$Z"; stimmt "$1" "$Z" && da=1 && return; printf '' >|"$Z"; fi
  dd if="$6" bs=$M skip=$(($2 / M)) count=$((($2 % M + $3) / M + 1)) 2>/dev/null | tail -c +$(($2 % M + 1)) | head -c "$3" |
    if [ "$5" = deflate ]; then { printf '\037\213\010\0\0\0\0\0\0\003'; cat; } | gzip -dc 2>/dev/null # mit Kopf wird es gzip
    else cat; fi | head -c "$4" >|"$T/teil"; stimmt "$1" "$T/teil" && cat "$T/teil" >>"$Z" && da=1; }
fertig() { [ -n "$g" ] || stimmt "$1" "$Z" || { rm -f "$Z"; return 1; }; zeit "$2" "$Z"; [ "$3" = 0644 ] || chmod "$3" "$Z"; :; }
{ mkdir -p -- "$2" && cd -- "$2" && [ -z "$(ls -A)" ]; } || ende "Der Zielordner $2 muss leer oder neu sein." # 4. Ausführen
case $(pwd -P)/ in "$K"/*) rmdir "$PWD"; ende "Der Zielordner darf nicht in der Kopie liegen." ;; esac
for f in "$T"/plan* "$T/zuletzt"; do . "$f"; done; [ -s "$T/fehlt" ] || { echo "Fertig: $n, jede SHA-256 stimmt."; exit; }
sed 's/^/Beschädigt, nicht da oder nicht anzulegen: /' "$T/fehlt" >&2; ende "Nicht alles ist zurückgeholt (%XX: Sonderzeichen)."
