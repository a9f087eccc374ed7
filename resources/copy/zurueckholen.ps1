# Holt einen Stand aus dieser Kopie zurück und prüft dabei jede Datei. Es genügt Windows, wie es ist (PowerShell 5.1). Aufruf:
#   powershell -ExecutionPolicy Bypass -File zurueckholen.ps1                            zeigt alle Stände, der neueste steht unten
#   powershell -ExecutionPolicy Bypass -File zurueckholen.ps1 STAND ZIELORDNER [PFAD]    holt genau diesen Stand
# STAND: Nummer (2), ganzer Name, neuester. PFAD: nur dieser Ordner, diese Datei. Verweise nennt es nur, Rechte setzt es nicht.
param([string]$Stand, [string]$Ziel, [string]$Pfad) Add-Type -ErrorAction Stop -TypeDefinition @'
using System; using System.Collections.Generic; using System.IO; using System.IO.Compression; using System.Text; using System.Security.Cryptography; using System.Text.RegularExpressions;
public static class Kopie { static string K, Z; static char S = Path.DirectorySeparatorChar; static Dictionary<string, bool> gilt = new Dictionary<string, bool>(); static byte[] puffer = new byte[1 << 20];
  static HashAlgorithm sha = HashAlgorithm.Create("System.Security.Cryptography.SHA256CryptoServiceProvider") ?? SHA256.Create();
  static Dictionary<string, List<string[]>> orte = new Dictionary<string, List<string[]>>(); static Dictionary<string, string> da = new Dictionary<string, string>(); // Inhalt: seine Orte; Pfad in der Liste: der im Ziel
  static void Sage(string satz) { Console.WriteLine(satz); } static void Falls(bool falsch, string satz) { if (falsch) throw new Exception(satz); }
  static bool Vorn(string ganz, string anfang) { return ganz.StartsWith(anfang, StringComparison.Ordinal); }
  const CompressionMode AUS = CompressionMode.Decompress; static string Hex(byte[] b) { return BitConverter.ToString(b).Replace("-", "").ToLowerInvariant(); }
  static string Lang(string p) { /* lange Pfade gehen nur mit \\?\ davor */ if (p.Length < 240 || S == '/' || Vorn(p, @"\\?\")) return p.Length == 2 ? p + S : p; return Vorn(p, @"\\") ? @"\\?\UNC" + p.Substring(1) : @"\\?\" + p; }
  static string Feld(string z, string name) { int n = name.Length + 3, i = z.IndexOf("\"" + name + "\":", StringComparison.Ordinal) + n; if (i < n) return ""; // Wert eines JSON-Feldes; darin nie Anführungszeichen
    return z[i] == '"' ? z.Substring(++i, z.IndexOf('"', i) - i) : z.Substring(i, z.IndexOfAny(new[] { ',', '}' }, i) - i); }
  static string Klar(string t) { // %XX wird wieder zum Zeichen, ein Byte, das kein UTF-8 ist, zum Ersatzzeichen
    return Regex.Replace(Regex.Replace(t, "%[89A-F].", "\ufffd"), "%(..)", m => "" + (char)Convert.ToInt32(m.Groups[1].Value, 16)); }
  static string[] Zeilen(string p, string summe, long grenze) { // einer Datei der Kopie, geprüft und entpackt
    p = Lang(K + S + p.Replace('/', S)); byte[] b = File.Exists(p) ? File.ReadAllBytes(p) : new byte[0]; var aus = new MemoryStream();
    if (summe != "" && Hex(sha.ComputeHash(b)) != summe) return null; for (int n, von = 0; von + 18 <= b.Length;) { // gzip darf aus Stücken bestehen
      long ab = aus.Length; var ein = new GZipStream(new MemoryStream(b, von, b.Length - von), AUS); while (aus.Length <= grenze && (n = ein.Read(puffer, 0, puffer.Length)) > 0) aus.Write(puffer, 0, n);
      for (von += 18; von + 18 <= b.Length && (b[von] != 31 || b[von + 1] != 139 || BitConverter.ToUInt32(b, von - 4) != aus.Length - ab);) von++; }
    return aus.Length > grenze ? null : Encoding.UTF8.GetString(aus.GetBuffer(), 0, (int)aus.Length).Split('\n'); }
  static string[] Liste(string z, string name, string vor) { var liste = Zeilen("staende/" + Feld(z, name), Feld(z, vor + "sha256"), long.Parse(Feld(z, vor + "entpackt")));
    Falls(liste == null, "Die Liste " + Feld(z, name) + " ist beschädigt oder fehlt; dieser Stand ist so nicht zurückzuholen."); return liste; }
  static string[] Ersetzt(string[] voll, string[] neu) { // je Pfad gilt statt der vollen Liste, was der Unterschied dazu sagt
    var statt = new Dictionary<string, string>(); var aus = new StringBuilder(neu[0]); string p = "", t; foreach (string z in neu) if (z != "" && z != neu[0]) {
      if (Feld(z, "art") != "teil") p = Feld(z, "pfad"); statt.TryGetValue(p, out t); statt[p] = t + (Feld(z, "art") == "weg" ? "" : "\n" + z); }
    foreach (string z in voll) if (z != "" && z != voll[0]) { if (Feld(z, "art") != "teil") p = Feld(z, "pfad"); if (statt.TryGetValue(p, out t)) statt[p] = "";
      aus.Append(t ?? "\n" + z); } foreach (var s in statt) aus.Append(s.Value); return aus.Append('\n').ToString().Split('\n'); }
  static void Ort(string s, params string[] ort) { if (!orte.ContainsKey(s)) orte[s] = new List<string[]>(); orte[s].Add(ort); }
  static void Inhalt(string lauf, string summe) { // ein Inhaltsverzeichnis; ohne Summe: bürgt kein gültiger Beleg, wird es zuletzt auch gelesen
    string o = null, wo = "daten/" + lauf + "/"; if (!gilt.ContainsKey(lauf)) try { var zeilen = Zeilen(wo + "inhalt.tsv.gz", summe, int.MaxValue);
      if (zeilen != null && (gilt[lauf] = true)) foreach (string t in zeilen) { var f = t.Split('\t'); if (f[0] == "T") Ort(f[1], o, f[2], f[4], f[5]);
        if (f[0] == "O") Ort(f[2], o = Lang(K + S + (wo + f[3]).Replace('/', S)), "0", f[1], "roh"); } } catch (Exception) { Sage("Hinweis: unlesbar: " + wo); } }
  static bool Hole(string s, FileStream aus) { // hängt den Inhalt s an und nimmt dafür den ersten Ort, an dem er heil ist
    int n; long ab = aus.Position; if (orte.ContainsKey(s)) foreach (var o in orte[s]) try { // Objekt, Anfang, Größe, Packung
        using (Stream f = File.OpenRead(o[0])) { f.Position = long.Parse(o[1]); var ein = o[3] == "roh" ? f : new DeflateStream(f, AUS);
          for (long r = long.Parse(o[2]); r > 0 && (n = ein.Read(puffer, 0, (int)Math.Min(r, puffer.Length))) > 0; r -= n) aus.Write(puffer, 0, n); }
        aus.Position = ab; if (Hex(sha.ComputeHash(aus)) == s) return true; aus.SetLength(ab); } catch (Exception) { aus.SetLength(ab); } return false; }
  static string Platz(string pfad) { // wohin im Ziel; was Windows nicht als Namen nimmt, bekommt einen Ersatz
    int i = pfad.LastIndexOf('/'), n = 1; string oben = pfad.Substring(0, Math.Max(i, 0)), klar = Klar(pfad.Substring(i + 1)), p;
    Falls(Regex.IsMatch(klar, "^\\.?\\.?\\z|[/\\0]") || i == 0 || da.ContainsKey(pfad) || !da.ContainsKey(oben), "Unerlaubter Pfad: " + pfad);
    string name = Regex.Replace(klar, "[<>:\"|?*\\\\\\x00-\\x1f\x7f\ufffd]|[. ]\\z", "_"); if (name.Length > 240) name = name.Substring(0, 240);
    name = Regex.Replace(name, "^(CON((IN|OUT)\\$)?|PRN|AUX|NUL|CLOCK\\$|(COM|LPT)[0-9¹²³])\\s*(\\.|\\z)", "_$0", RegexOptions.IgnoreCase);
    string basis = da[oben] + S; for (p = basis + name; da.ContainsKey("?" + p.ToUpperInvariant()) || File.Exists(Lang(p));) p = basis + name + "~" + ++n;
    if (p != basis + klar) Sage("Anderer Name: " + pfad + " heißt hier " + p); return Lang(da["?" + p.ToUpperInvariant()] = da[pfad] = p); }
  static void Merkmale(string z, FileSystemInfo f) { int dos; try { // zuletzt: Schreibgeschütztes lässt sich nicht mehr ändern
      f.LastWriteTimeUtc = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddTicks(long.Parse(Feld(z, "zeit")) / 100);
      if (int.TryParse(Feld(z, "dos"), out dos)) f.Attributes = (FileAttributes)(dos & 39); // schreibgeschützt, versteckt, System, Archiv
    } catch (Exception e) { Sage("Hinweis: Zeit oder Merkmale von " + f + ": " + e.Message); } } public static void Los(string kopie, string stand, string ziel, string nur) {
    string wahl = null, belege = "", fehlt = "", o = null; int treffer = 0, teile; bool heil; nur = nur.Replace('\\', '/').Trim('/');
    K = kopie.TrimEnd(S); Z = ziel.TrimEnd(S); var alle = Directory.GetFiles(Lang(K + S + "staende"), "*.json"); Array.Sort(alle);
    foreach (string d in alle) { // ein Stand gilt, wenn die zweite Zeile seines Belegs die SHA-256 der ersten ist und der Name stimmt
      string t = File.ReadAllText(d), z = t.Split('\n')[0], lauf = Feld(z, "lauf"), nummer = lauf.Split('-')[0].TrimStart('0'), art;
      bool voll = Feld(z, "vollstaendig") == "true", gut = t == z + "\n" + Hex(sha.ComputeHash(Encoding.UTF8.GetBytes(z))) + "\n";
      if (gut && Vorn(z, "{\"format\":1,\"art\":\"aufraeumen\",")) { belege += z; continue; } if (!gut || !Vorn(z, "{\"format\":1,\"art\":\"stand\",") || !d.EndsWith(S + lauf + ".json")) { Sage("Hinweis: zählt nicht: " + d); continue; }
      belege += z; art = voll ? "vollständig" : "teilweise  "; t = Feld(z, "ortszeit").PadRight(16).Substring(0, 16).Replace('T', ' ');
      if (stand == "") Sage(nummer.PadLeft(7) + "  " + t + "  " + art + "  " + Feld(z, "dateien").PadLeft(8) + " Dateien  " + lauf);
      if (stand == lauf || stand.TrimStart('0') == nummer) treffer++; else if (stand != "neuester" || !voll) continue; wahl = z; }
    if (stand == "") return; Falls(wahl == null || treffer > 1, "Den Stand " + stand + " gibt es hier nicht oder doppelt.");
    var liste = Liste(wahl, "liste", "liste_"); string gegen = Regex.Match(wahl, "\"gegen\":\\{[^}]*\\}").Value; if (gegen != "") liste = Ersetzt(Liste(gegen, "name", ""), liste);
    foreach (Match m in Regex.Matches(belege, "\\{\"lauf\":\"([^\"]*)\",\"groesse\":[0-9]+,\"sha256\":\"([^\"]*)\"")) Inhalt(m.Groups[1].Value, m.Groups[2].Value);
    if (Directory.Exists(Lang(K + S + "daten"))) foreach (string d in Directory.GetDirectories(Lang(K + S + "daten"))) Inhalt(Path.GetFileName(d), "");
    Falls(ziel == "" || Vorn((Z + S).ToUpper(), (K + S).ToUpper()), "Es fehlt ein Zielordner außerhalb der Kopie.");
    Falls(Directory.Exists(Lang(Z)) && Directory.GetFileSystemEntries(Lang(Z)).Length > 0, "Der Zielordner muss leer oder neu sein.");
    Directory.CreateDirectory(Lang(da[""] = Z)); for (int i = 1; i < liste.Length - 1; i += 1 + teile) {
      string z = liste[i], art = Feld(z, "art"), pfad = Feld(z, "pfad"), klar = Klar(pfad) + "/"; int.TryParse(Feld(z, "teile"), out teile);
      bool mit = nur == "" || Vorn(klar, nur + "/"); if (mit) treffer = 9; else if (art != "ordner" || !Vorn(nur + "/", klar)) continue;
      if (art == "ordner") Directory.CreateDirectory(Platz(pfad)); else if (art != "datei") Sage("Nicht angelegt (" + art + "): " + pfad + " " + Feld(z, "grund") + Feld(z, "ziel"));
      if (art != "datei") continue; string p = Platz(pfad), s = Feld(z, "sha256"), x = "\nBeschädigt oder nicht da: " + pfad; heil = false;
      try { using (var aus = new FileStream(p, FileMode.CreateNew)) { heil = Hole(s, aus); // ganz, oder aus seinen Teilen
        for (int j = 1; j <= teile && !heil; j++) Hole(Feld(liste[i + j], "sha256"), aus); aus.Position = 0; heil = heil || Hex(sha.ComputeHash(aus)) == s; }
        if (heil) Merkmale(z, new FileInfo(p)); else { fehlt += x; File.Delete(p); } } catch (Exception e) { fehlt += x + " (" + e.Message + ")"; } }
    Falls(treffer < 9, "In diesem Stand gibt es nicht: " + nur); Array.Reverse(liste); foreach (string z in liste) // die Zeiten der Ordner zuletzt
      if (Feld(z, "art") == "ordner" && da.TryGetValue(Feld(z, "pfad"), out o)) Merkmale(z, new DirectoryInfo(Lang(o)));
    Falls(fehlt != "", "Nicht alles ist zurückgeholt:" + fehlt); Sage("Fertig: " + Feld(wahl, "lauf") + ", jede SHA-256 stimmt."); } }
'@
try { if ($Ziel) { $Ziel = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Ziel) }
  [Kopie]::Los($PSScriptRoot, $Stand, $Ziel, $Pfad) } catch { [Console]::Error.WriteLine($_.Exception.GetBaseException().Message); exit 1 }
