package intent

import (
	"regexp"
	"strings"
)

// german returns the words of German, with ae, oe, ue and ss as plain letters.
func german() *language {
	return &language{
		letters:   strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "é", "e", "’", "'"),
		polite:    phrasesOf("danke vielen_dank hallo hi hey ok okay also"),
		requests:  phrasesOf("bitte kannst_du könntest_du koenntest_du würdest_du wuerdest_du mal ich_möchte_dass_du"),
		articles:  setOf("der die das den dem des ein eine einen mein meine meinen meinem meiner unser unsere unseren diese diesen dieses"),
		fillers:   setOf("aufgabe aufgaben task todo"),
		joins:     setOf("auf um von vom bis fuer zu in am mit und als nach"),
		all:       setOf("alle alles jede jeden jedes irgendwas etwas aufgaben nichts keine beide"),
		last:      setOf("es sie ihn das die_aufgabe diese_aufgabe diese dasselbe den dies die"),
		and:       setOf("und &"),
		negations: setOf("nicht nie kein keine keinen"),
		questions: setOf("was wann wo wer wie wieso warum welche welcher welches ist sind war habe hab hast hat kann soll sollte muss gibt gibt's wieviele darf"),
		smalltalk: setOf("hallo hi hey danke ok okay ja nein stopp stop abbrechen gut tschuess moin test rueckgaengig"),
		priorities: map[string]string{
			"hoch": "high", "hohe": "high", "hohe prioritaet": "high", "hoher prioritaet": "high", "dringend": "high", "wichtig": "high",
			"mittel": "medium", "mittlere": "medium", "mittlere prioritaet": "medium", "mittlerer prioritaet": "medium",
			"niedrig": "low", "niedrige": "low", "niedrige prioritaet": "low", "niedriger prioritaet": "low", "keine": "none", "keine prioritaet": "none", "normal": "none",
		},
		periods: map[string]period{
			"heute": today, "fuer heute": today, "heute abend": today, "am heutigen tag": today, "morgen": tomorrow, "fuer morgen": tomorrow,
			"uebermorgen": afterNext, "gestern": yesterday, "diese woche": thisWeek, "in dieser woche": thisWeek, "fuer diese woche": thisWeek,
			"naechste woche": nextWeek, "in der naechsten woche": nextWeek, "kommende woche": nextWeek, "fuer naechste woche": nextWeek,
			"letzte woche": lastWeek, "in der letzten woche": lastWeek, "vergangene woche": lastWeek, "diesen monat": thisMonth, "in diesem monat": thisMonth,
			"naechsten monat": nextMonth, "im naechsten monat": nextMonth, "letzten monat": lastMonth, "im letzten monat": lastMonth,
			"am wochenende": weekend, "dieses wochenende": weekend, "das wochenende": weekend, "fuers wochenende": weekend,
		},
		lastDays:    regexp.MustCompile(`^(?:in den |die )?(?:letzten|vergangenen) (\d{1,3}) tagen?$`),
		lastWeekday: setOf("letzten letzter vergangenen"),
		onDay:       []string{"", "am ", "um "},
		inSpan:      "in ",
		strip:       setOf("den dem"),
		table: `
=overdue: alle|die|meine|alle_meine|all_meine|sämtliche überfälligen|überfällige|verspäteten aufgaben|tasks|todos?
=overdue: alles was? überfällig|überfällige ist?
=overdue: alle aufgaben die überfällig sind
=today: alle|die|meine|alle_meine|all_meine|sämtliche? aufgaben|tasks|todos von|für|heute|die_heute_fällig_sind|vom heute|tag?
=today: alles von|für|was_heute_fällig_ist|heutige|was_für|aus heute?
=today: alle|die|meine heutigen aufgaben
=tag: alle|alles|meine aufgaben|tasks|todos? mit|unter|in|zu|aus dem|der? tag? {tags}
=tag: alle|meine {tags} aufgaben|tasks

help: hilfe|hilf|befehle mir?
help: was kannst|kann|verstehst du|ich|man alles|hier? sagen|fragen|machen|tun?
help: wie funktioniert das|dies|es hier?

overdue: was|welche_aufgaben|welche|welche_tasks ist|sind|wäre noch|schon|alles? überfällig|verspätet
overdue: zeig|zeige|zeig_mir|zeige_mir|liste|nenne|nenn mir? alle|meine|die|alle_meine? überfälligen|überfällige|verspäteten aufgaben|tasks|todos? auf?
overdue: überfällig|überfällige|überfälliges|überfälligen aufgaben|tasks?
overdue: ist|sind etwas|was|irgendetwas|irgendwas|aufgaben|welche überfällig
overdue: gibt|gibts es? überfällige|überfälliges|etwas_überfälliges aufgaben?
overdue: habe|hab ich überfällige|etwas_überfälliges|überfälliges aufgaben?
overdue: was habe|hab ich verpasst|versäumt
overdue: wie viele aufgaben sind überfällig

finished: was|welche_aufgaben|wieviel habe|hab ich {period} alles? erledigt|geschafft|gemacht|abgeschlossen|fertig_gemacht|abgehakt|getan
finished: was|welche_aufgaben habe|hab ich zuletzt|alles|schon|bisher|kürzlich? erledigt|geschafft|abgeschlossen|gemacht|abgehakt
finished: was|welche_aufgaben wurde|wurden {period} alles? erledigt|geschafft|abgeschlossen
finished: was|welche_aufgaben ist|sind|war|waren {period} fertig|erledigt geworden|worden?
finished: zeig|zeige|nenne mir? alle|meine|die? erledigten|abgeschlossenen|fertigen aufgaben|tasks von|aus|vom|der? {period}
finished: zeig|zeige|nenne mir? alle|meine|die? erledigten|abgeschlossenen|fertigen aufgaben|tasks
finished: erledigte|abgeschlossene|fertige aufgaben|tasks {period}
finished: erledigte|abgeschlossene|fertige aufgaben|tasks

due: was|welche_aufgaben|welche_tasks|welche ist|sind|steht|stehen|wird|werden|liegt|kommt|war|waren noch|alles? {period} noch|alles? fällig|an|offen|geplant|zu_tun|los|zu_erledigen|auf?
due: was|welche_aufgaben habe|hab|muss|soll|sollte|will|kann ich noch? {period} noch|alles? zu_tun|vor|tun|machen|erledigen|zu_erledigen|geplant|an_aufgaben|schaffen?
due: was|welche_aufgaben habe|muss ich für|bis {period} noch? zu_tun|tun|machen|erledigen|geplant?
due: was gibt|gibt's|gibts es? {period} zu_tun|zu_erledigen?
due: was liegt|steht {period} an
due: und|was_ist_mit|wie_sieht's_aus wie_ist_es? {period} aus?
due: wie sieht mein|meine|der? {period} aus
due: habe|hab|muss ich {period} noch? etwas|was|irgendwas|termine|aufgaben|noch_etwas zu_tun|vor|tun|machen|erledigen|fällig|geplant?
due: ist|sind|steht|stehen {period} etwas|was|noch_etwas|aufgaben fällig|an|geplant|offen
due: wie viele aufgaben habe|sind|stehen ich? {period} noch? fällig|zu_erledigen|an?
due: zeig|zeige|nenne|gib|liste|sag mir? alle|meine|die|den? aufgaben|tasks|todos|plan|termine für|von|vom|am|der? {period} auf|an?
due: zeig|zeige|sag mir? was {period} fällig|ansteht|anliegt|zu_tun ist?
due: meine|die|alle? aufgaben|tasks|todos|plan|agenda für|von|vom|am? {period}
due: fällig {period}
due: {period} fällig
due: {period}
due/today: was steht|liegt an
due/today: was ist fällig|dran|los|zu_tun
due/today: was kommt als_nächstes|jetzt
due/today: was|welche_aufgabe soll|sollte|muss|kann ich jetzt|als_nächstes|noch? tun|machen|erledigen
due/today: was habe ich noch? zu_tun
due/today: mein|plane|plan? meinen? tag|tagesplan
due/today: zeig|zeige mir? meine|die? todo-liste|aufgabenliste|todoliste|aufgaben
due/today: meine? todo-liste|aufgabenliste|todoliste

tags: welche tags|schlagwörter habe|gibt|hab|nutze ich|es?
tags: zeig|zeige|liste mir? alle|meine|die? tags|schlagwörter auf?
tags: alle|meine? tags|schlagwörter
tagged: was|welche_aufgaben ist|sind|hat|haben|habe_ich mit|in|unter|bei|zu dem|den? tag? {tag} markiert|getaggt|versehen?
tagged: zeig|zeige|suche|finde|liste mir? alle|alles|meine|die? aufgaben|tasks|todos? mit|unter|in|zu|aus dem|den? tag? {tags} auf?
tagged: aufgaben|tasks|alles mit|unter|in dem? tag? {tag}
tagged: {tags}
important: was|welche_aufgaben ist|sind am|die? wichtig|dringend|wichtigsten|dringendsten
important: zeig|zeige mir? alle|meine|die? wichtigen|dringenden|wichtigsten aufgaben|tasks
important: welche aufgaben haben hohe priorität
important: wichtige|dringende|wichtigste aufgaben|tasks

untag: entferne|lösche|nimm|streiche den|das|die? tag|schlagwort? {tags} von|vom|bei|aus {name} weg|ab?
untag: entferne|lösche|nimm|streiche den|das? tag|schlagwort {tag} von|vom|bei|aus {name} weg|ab?
untag: tag|schlagwort? {tags} von|bei {name} entfernen|löschen
tag: tagge|markiere|versieh {set} mit|als {tags}
tag: tagge|markiere|versieh|kennzeichne {name} mit|als dem? tag|schlagwort? {tags}
tag: tagge|markiere|versieh|kennzeichne {name} mit|als dem? tag|schlagwort {tag}
tag: füge|gib {name} den|das? tag|schlagwort {tags} hinzu|zu|dazu?
tag: gib {set} den|das? tag? {tags}
tag: {name} mit {tags} taggen|markieren|versehen

undate: entferne|lösche|streiche|nimm das|die|den? datum|fälligkeit|fälligkeitsdatum|termin|frist|deadline von|vom|bei|für|aus {set}
undate: entferne|lösche|streiche|nimm das|die|den? datum|fälligkeit|fälligkeitsdatum|termin|frist|deadline von|vom|bei|für|aus {name}
undate: {name} ohne datum|termin
undate: datum|termin|fälligkeit von|bei {name} entfernen|löschen

priority: setze|setz|stelle|ändere die? priorität|prio von|für|vom {name} auf {prio}
priority: setze|markiere|stelle|gib {set} auf|als|mit? {prio} priorität|prio?
priority: setze|stelle|stell {name} auf {prio} priorität|prio?
priority: markiere|kennzeichne {name} als|mit {prio}
priority: gib {name} {prio} priorität|prio?
priority: {name} auf {prio} setzen|stellen
priority: {name} als {prio} markieren
priority: mach|mache {name} {prio}
priority/high: priorisiere {set}
priority/high: priorisiere {name}
priority/high: {name} ist jetzt|sehr? wichtig|dringend
priority/none: entferne|lösche die priorität|prio von|bei|vom {name}

snooze: erinnere|erinner mich an {name} in {span} wieder|nochmal|noch_einmal|erneut
snooze: erinnere|erinner mich wieder|nochmal|noch_einmal|erneut|später an {name} in {span}
snooze: erinnere|erinner mich in {span} wieder|nochmal|noch_einmal|erneut an {name}
snooze: erinnere|erinner mich {when} wieder|nochmal|noch_einmal|erneut an {name}
snooze: schlummer|schlummere|snooze {set} für|um {span}
snooze: schlummer|schlummere|snooze {name} für|um {span}
snooze: schlummer|schlummere|snooze {name} bis {when}
snooze: schlummer|schlummere|snooze {name}
snooze: {name} für|um {span} schlummern|snoozen

add/name: neue|erstelle|füge|lege eine? neue? aufgabe|task|todo hinzu|an?
add/name: erinnere|erinner mich
add/whole: erinnere|erinner mich daran|bitte? an|zu? {text}
add: vergiss|vergesse nicht zu? {text}
add: neue|erstelle|erstell|lege|leg|füge|schreib|schreibe|notiere eine|die|als|mir? neue? aufgabe|task|todo|erinnerung? an|hinzu|auf|mit_dem_titel|namens: {text}
add: neue|erstelle|erstell eine? neue? aufgabe|task|todo|erinnerung mit_dem_titel|namens|an? {text}
add: lege|leg eine|die? neue? aufgabe|task|todo {text} an
add: lege|leg {text} an
add: füge|füg {text} zu|zur|auf|in meiner|meine|der|die|den|meinen? todo-liste|liste|aufgabenliste|einkaufsliste|aufgaben hinzu|ein?
add: füge|füg {text} hinzu|ein|dazu
add: füge|füg {text} hinzu|ein|dazu {tags}
add: setze|setz|schreib|schreibe|pack|packe {text} auf|in meine|die? todo-liste|liste|aufgabenliste|todoliste
add: {text} hinzufügen|anlegen|notieren|eintragen
add: {text} auf|zu|zur die|meine|meiner? liste|todo-liste|aufgabenliste setzen|hinzufügen|schreiben?
add: notiere|notier|todo|aufgabe|merke|merk dir|mir? {text}
add: ich muss|soll|sollte {text}

move: verschiebe|verschieb|verlege|verleg|schiebe|schieb|setze|bewege {set} auf|bis|zu|nach {when}
move: {set} auf|bis {when} verschieben|verlegen|schieben
move: verschiebe|verschieb|verlege|verleg|schiebe|schieb {name} von|vom {old} auf|bis|zu {when}
move: verschiebe|verschieb|verlege|verleg|schiebe|schieb|vertage {name} auf|bis|zu|nach {when}
move: {name} von|vom {old} auf {when} verschieben|verlegen
move: {name} auf|bis {when} verschieben|verlegen|schieben|vertagen|vorziehen
move: setze|setz|ändere|stell|stelle das|die|den? fälligkeit|datum|fälligkeitsdatum|termin|frist von|für|vom {name} auf {when}
move: setze|setz|stelle|stell|lege|leg|ziehe|zieh {name} auf {when} vor|fest?
move: ziehe|zieh {name} auf {when} vor
move: verschiebe|verschieb|schiebe|schieb|vertage {set} um {span} nach_hinten?
move: verschiebe|verschieb|schiebe|schieb|vertage {name} um {span} nach_hinten|auf?
move/earlier: verschiebe|verschieb|ziehe|zieh {name} um {span} vor|nach_vorne|nach_vorn
move: {name} um {span} verschieben|vertagen|nach_hinten_verschieben
move: verschiebe|verschieb|verlege|vertage {name}
move: {name} verschieben|verlegen|vertagen
move/name: verschiebe|verschieb|verlege

skip: überspringe|überspring|lass|lasse {set} aus?
skip: überspringe|überspring diesmal|heute? {name} diesmal|heute|dieses_mal|einmal?
skip: lass|lasse {name} diesmal|dieses_mal|heute|einmal? aus|ausfallen
skip: {name} diesmal|dieses_mal|heute|einmal? überspringen|auslassen
skip/name: überspringe

reopen: öffne|öffnen|eröffne {name} wieder|erneut|neu|nochmal
reopen: {name} wieder|erneut öffnen|aufmachen
reopen: mach|mache {name} wieder auf
reopen: markiere|setze {name} als|auf nicht|wieder|noch? offen|unerledigt|nicht_erledigt|erledigt_zurück
reopen: markiere|setze {name} als|auf nicht|noch_nicht erledigt|fertig
reopen: {name} ist|sind|war|waren doch|noch|noch_nicht|nicht|doch_nicht|doch_noch_nicht|noch_immer offen|fertig|erledigt
reopen: ich habe|hab {name} doch? noch? nicht|noch_nicht erledigt|gemacht|geschafft|fertig

delete: lösche|lösch|entferne|streiche|streich {set}
delete: {set} löschen|entfernen|streichen
delete: lösche|lösch|entferne|streiche|streich {name} von|aus der|meiner|den|meinen liste|aufgaben|todo-liste
delete: lösche|lösch|entferne|streiche|streich|wirf {name} weg?
delete: {name} löschen|entfernen
delete/name: lösche|entferne

done: erledige|markiere|hake|hak {set} als|ab? erledigt|fertig?
done: {set} erledigen|abhaken
done: {set} ist|sind erledigt|fertig
done: markiere|setze {name} als|auf erledigt|fertig|abgeschlossen
done: hake|hak {name} ab
done: {name} als erledigt|fertig markieren
done: {name} abhaken
done: ich bin mit {name} fertig|durch
done: ich habe|hab gerade|schon|eben? {name} gerade|schon|eben? erledigt|geschafft|abgeschlossen|fertiggestellt|fertig|gemacht
done: bin|fertig mit {name} fertig|durch?
done: {name} ist|sind|wurde jetzt|nun|schon|bereits? erledigt|fertig|geschafft|abgeschlossen|gemacht
done: {name} erledigt|fertig|geschafft|abgehakt
done: schließe|schliess {name} ab
done/name: erledigt|fertig

search: suche|such|finde|find mir? nach? alle|die? aufgaben|aufgabe|tasks|todos|alles? mit|zu|über|nach|namens|für? {name}
search: habe|hab ich eine? aufgabe|aufgaben|todo|etwas|was zu|zum|zur|mit|über|für|namens|wegen {name}
search: gibt|gibts es? eine? aufgabe|aufgaben|etwas|was zu|zum|zur|mit|über|für|namens|wegen {name}
search: welche aufgaben enthalten|haben|erwähnen|handeln_von {name}
search: zeig|zeige mir? alle|die|meine? aufgaben zu|mit|über|für|wegen {name}
search: wo ist|sind {name}
search/name: suche|finde
show: wann|bis_wann ist|sind|war|habe_ich|muss_ich|steht|findet {name} fällig|dran|geplant|an|statt|erledigen|machen?
show: ist {name} schon|bereits? erledigt|fertig|fällig|überfällig|offen
show: zeig|zeige|öffne mir? die? details? von|zu? {name} an?
`,
	}
}
