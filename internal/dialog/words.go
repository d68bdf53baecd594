package dialog

import (
	"fmt"
	"strings"
	"time"

	"taskmaster/internal/intent"
)

// words are the texts of a language.
type words struct {
	one, many string // "%d tasks"
	// weekdays begin with Sunday, and months with January.
	weekdays, months []string
	// date has a weekday, a day and a month. clock joins a date and a time.
	date, clock               string
	today, tomorrow, from, to string

	help, unknown, whichTask, whichDay, addIt, oneOrMore          string
	suggest, days                                                 []string
	finding, looking, asks, refused, already                      string
	nothing, none, noTags, tooMany, several, fits, near, notFound string
	unchanged, oneByOne, noTime, confirm                          string
	due, overdue, finished, important, dueOn, noDate, isDone      string
	// verbs are the infinitives of changes, with a place for "3 tasks". past are the sentences about one task, and
	// pasts those about several.
	verbs, past, pasts map[intent.Kind]string
}

var languages = map[string]words{"en": english(), "de": german(), "fr": french(), "es": spanish()}

// tasks returns "3 tasks".
func (w words) tasks(n int) string {
	if n == 1 {
		return fmt.Sprintf(w.one, n)
	}
	return fmt.Sprintf(w.many, n)
}

// question returns the change of n tasks as a question or the label of a button: "Delete 3 tasks".
func (w words) question(kind intent.Kind, n int) string {
	return fmt.Sprintf(w.verbs[kind], w.tasks(n))
}

// doing describes a step that changes n tasks.
func (w words) doing(kind intent.Kind, n int) string { return w.question(kind, n) }

// day returns the words of a day such as 2026-12-31.
func (w words) day(day string, o intent.Options) string {
	at, err := time.Parse(dayLayout, day)
	if err != nil {
		return day
	}
	now := o.Now.In(o.Zone)
	switch day {
	case now.Format(dayLayout):
		return w.today
	case now.AddDate(0, 0, 1).Format(dayLayout):
		return w.tomorrow
	}
	text := fmt.Sprintf(w.date, w.weekdays[at.Weekday()], at.Day(), w.months[at.Month()-1])
	if at.Year() != now.Year() {
		text += fmt.Sprintf(" %d", at.Year())
	}
	return text
}

// when returns the words of a due date, which is a day or an instant.
func (w words) when(due string, o intent.Options) string {
	at, err := time.Parse(time.RFC3339, due)
	if err != nil {
		return w.day(due, o)
	}
	return w.day(at.Format(dayLayout), o) + fmt.Sprintf(w.clock, at.Format("15:04"))
}

// between returns the words of a range of days.
func (w words) between(from, to string, o intent.Options) string {
	if from == to {
		return w.day(from, o)
	}
	return fmt.Sprintf("%s %s %s %s", w.from, w.day(from, o), w.to, w.day(to, o))
}

// localDay returns the day of an instant in the zone of the account.
func localDay(instant string, o intent.Options) string {
	at, err := time.Parse(time.RFC3339, instant)
	if err != nil {
		return ""
	}
	return at.In(o.Zone).Format(dayLayout)
}

// changed describes a change that was made.
func (t *turn) changed(kind intent.Kind, tasks []Task) string {
	if len(tasks) != 1 {
		return fmt.Sprintf(t.words.pasts[kind], t.words.tasks(len(tasks)))
	}
	text := fmt.Sprintf(t.words.past[kind], quoted(tasks[0].Title))
	switch kind {
	case intent.Add, intent.Move, intent.Skip:
		if due := t.words.when(tasks[0].Due, t.options); due != "" {
			text += " " + fmt.Sprintf(t.words.dueOn, due)
		}
	case intent.Snooze:
		text += " " + t.words.when(tasks[0].Snoozed, t.options) + "."
	default: // the others have no time
	}
	return strings.TrimSpace(text)
}

// describe describes a task in sentences.
func (t *turn) describe(task Task) string {
	switch due := t.words.when(task.Due, t.options); {
	case task.Completed:
		return fmt.Sprintf(t.words.isDone, quoted(task.Title))
	case due == "":
		return quoted(task.Title) + ": " + t.words.noDate
	default:
		return quoted(task.Title) + ": " + fmt.Sprintf(t.words.dueOn, due)
	}
}

func english() words {
	return words{
		one: "%d task", many: "%d tasks", date: "%s %d %s", clock: " at %s", today: "today", tomorrow: "tomorrow", from: "from", to: "to",
		weekdays: []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		months: []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
			"December"},
		help: "I understand simple sentences, without a language model. I add tasks, find them, and change them:", unknown: "I did not understand that, and nothing was changed.",
		whichTask: "Which task? Name a part of its title.", whichDay: "To which day?", addIt: "Add %s", oneOrMore: "Is that one task, or %d?",
		suggest: []string{"What is due today?", "What is overdue?", "What did I finish last week?", "Add eggs and bread #groceries", "Move the dentist to friday", "Done with milk"},
		days:    []string{"to tomorrow", "to monday", "to next week"},
		finding: "Looking for %s", looking: "Reading the task", asks: "Needs your answer", refused: "That was not possible: %s", already: "That was done already.",
		nothing: "There are no such tasks.", none: "none.", noTags: "No open task has a tag.", tooMany: "That is more than %d tasks. Choose fewer of them.",
		several: "Which of the %d tasks?", fits: "%s fits %d tasks. Which one?", near: "No title has %s. Do you mean one of these?", notFound: "I found no task with %s in its title.",
		unchanged: "Nothing was changed.", oneByOne: "These tasks have different dates. Move them one by one.", noTime: "The task has no such date to move.",
		confirm: "%s? Nothing was changed yet.",
		due:     "Due", overdue: "Overdue", finished: "Finished", important: "High priority", dueOn: "Due %s.", noDate: "It has no date.", isDone: "%s is done.",
		verbs: map[intent.Kind]string{
			intent.Add: "Add %s", intent.Move: "Move %s", intent.Undate: "Remove the date of %s", intent.Complete: "Complete %s", intent.Reopen: "Reopen %s",
			intent.Skip: "Skip %s", intent.Snooze: "Snooze %s", intent.Delete: "Delete %s", intent.Prioritize: "Change the priority of %s", intent.Tag: "Tag %s",
			intent.Untag: "Remove a tag from %s",
		},
		past: map[intent.Kind]string{
			intent.Add: "Added %s.", intent.Move: "Moved %s.", intent.Undate: "%s has no date now.", intent.Complete: "%s is done.", intent.Reopen: "%s is open again.",
			intent.Skip: "Skipped one of %s.", intent.Snooze: "You will be reminded of %s", intent.Delete: "Deleted %s.", intent.Prioritize: "Changed the priority of %s.",
			intent.Tag: "Tagged %s.", intent.Untag: "Removed the tag from %s.",
		},
		pasts: map[intent.Kind]string{
			intent.Add: "Added %s.", intent.Move: "Moved %s.", intent.Undate: "Removed the date of %s.", intent.Complete: "Completed %s.", intent.Reopen: "Reopened %s.",
			intent.Skip: "Skipped %s.", intent.Snooze: "Snoozed %s.", intent.Delete: "Deleted %s.", intent.Prioritize: "Changed the priority of %s.",
			intent.Tag: "Tagged %s.", intent.Untag: "Removed the tag from %s.",
		},
	}
}

func german() words {
	return words{
		one: "%d Aufgabe", many: "%d Aufgaben", date: "%s, %d. %s", clock: " um %s", today: "heute", tomorrow: "morgen", from: "von", to: "bis",
		weekdays: []string{"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"},
		months: []string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
			"Dezember"},
		help: "Ich verstehe einfache Sätze, ohne Sprachmodell. Ich lege Aufgaben an, finde sie und ändere sie:", unknown: "Das habe ich nicht verstanden, und nichts wurde geändert.",
		whichTask: "Welche Aufgabe? Nenne einen Teil ihres Titels.", whichDay: "Auf welchen Tag?", addIt: "%s anlegen", oneOrMore: "Ist das eine Aufgabe, oder sind es %d?",
		suggest: []string{"Was ist heute fällig?", "Was ist überfällig?", "Was habe ich letzte Woche erledigt?", "Füge Eier und Brot hinzu #einkauf", "Verschiebe den Zahnarzt auf Freitag", "Milch ist erledigt"},
		days:    []string{"auf morgen", "auf Montag", "auf nächste Woche"},
		finding: "Suche nach %s", looking: "Lese die Aufgabe", asks: "Braucht deine Antwort", refused: "Das ging nicht: %s", already: "Das ist schon erledigt.",
		nothing: "Es gibt keine solchen Aufgaben.", none: "keine.", noTags: "Keine offene Aufgabe hat ein Tag.", tooMany: "Das sind mehr als %d Aufgaben. Wähle weniger aus.",
		several: "Welche der %d Aufgaben?", fits: "%s passt zu %d Aufgaben. Welche ist gemeint?", near: "Kein Titel enthält %s. Ist eine von diesen gemeint?", notFound: "Ich habe keine Aufgabe mit %s im Titel gefunden.",
		unchanged: "Nichts wurde geändert.", oneByOne: "Diese Aufgaben haben verschiedene Termine. Verschiebe sie einzeln.", noTime: "Die Aufgabe hat keinen solchen Termin.",
		confirm: "%s? Noch wurde nichts geändert.",
		due:     "Fällig", overdue: "Überfällig", finished: "Erledigt", important: "Hohe Priorität", dueOn: "Fällig: %s.", noDate: "Kein Termin.", isDone: "%s ist erledigt.",
		verbs: map[intent.Kind]string{
			intent.Add: "%s anlegen", intent.Move: "%s verschieben", intent.Undate: "Termin entfernen: %s", intent.Complete: "%s erledigen", intent.Reopen: "%s wieder öffnen",
			intent.Skip: "%s überspringen", intent.Snooze: "Später erinnern: %s", intent.Delete: "%s löschen", intent.Prioritize: "Priorität ändern: %s", intent.Tag: "Tag setzen: %s",
			intent.Untag: "Tag entfernen: %s",
		},
		past: map[intent.Kind]string{
			intent.Add: "%s ist angelegt.", intent.Move: "%s ist verschoben.", intent.Undate: "%s hat keinen Termin mehr.", intent.Complete: "%s ist erledigt.", intent.Reopen: "%s ist wieder offen.",
			intent.Skip: "%s ist einmal übersprungen.", intent.Snooze: "Erinnerung an %s:", intent.Delete: "%s ist gelöscht.", intent.Prioritize: "Die Priorität von %s ist geändert.",
			intent.Tag: "%s hat das Tag.", intent.Untag: "%s hat das Tag nicht mehr.",
		},
		pasts: map[intent.Kind]string{
			intent.Add: "%s angelegt.", intent.Move: "%s verschoben.", intent.Undate: "Termin entfernt: %s.", intent.Complete: "%s erledigt.", intent.Reopen: "%s wieder geöffnet.",
			intent.Skip: "%s übersprungen.", intent.Snooze: "Später erinnern: %s.", intent.Delete: "%s gelöscht.", intent.Prioritize: "Priorität geändert: %s.",
			intent.Tag: "Tag gesetzt: %s.", intent.Untag: "Tag entfernt: %s.",
		},
	}
}

func french() words {
	return words{
		one: "%d tâche", many: "%d tâches", date: "%s %d %s", clock: " à %s", today: "aujourd'hui", tomorrow: "demain", from: "du", to: "au",
		weekdays: []string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"},
		months: []string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
			"décembre"},
		help: "Je comprends des phrases simples, sans modèle de langage. J'ajoute des tâches, je les trouve et je les change :", unknown: "Je n'ai pas compris, et rien n'a changé.",
		whichTask: "Quelle tâche ? Donnez une partie de son titre.", whichDay: "À quel jour ?", addIt: "Ajouter %s", oneOrMore: "Est-ce une tâche, ou %d ?",
		suggest: []string{"Que dois-je faire aujourd'hui ?", "Qu'est-ce qui est en retard ?", "Qu'ai-je terminé la semaine dernière ?", "Ajoute œufs et pain #courses", "Déplace le dentiste à vendredi", "Le lait est fait"},
		days:    []string{"à demain", "à lundi", "à la semaine prochaine"},
		finding: "Recherche de %s", looking: "Lecture de la tâche", asks: "Attend votre réponse", refused: "Cela n'a pas été possible : %s", already: "C'est déjà fait.",
		nothing: "Il n'y a pas de telles tâches.", none: "aucune.", noTags: "Aucune tâche ouverte n'a d'étiquette.", tooMany: "Cela fait plus de %d tâches. Choisissez-en moins.",
		several: "Laquelle des %d tâches ?", fits: "%s correspond à %d tâches. Laquelle ?", near: "Aucun titre ne contient %s. Est-ce l'une de celles-ci ?", notFound: "Je n'ai trouvé aucune tâche avec %s dans son titre.",
		unchanged: "Rien n'a changé.", oneByOne: "Ces tâches ont des dates différentes. Déplacez-les une par une.", noTime: "La tâche n'a pas de telle date.",
		confirm: "%s ? Rien n'a encore changé.",
		due:     "Prévu", overdue: "En retard", finished: "Terminé", important: "Priorité haute", dueOn: "Date : %s.", noDate: "Pas de date.", isDone: "%s est terminée.",
		verbs: map[intent.Kind]string{
			intent.Add: "Ajouter %s", intent.Move: "Déplacer %s", intent.Undate: "Retirer la date : %s", intent.Complete: "Terminer %s", intent.Reopen: "Rouvrir %s",
			intent.Skip: "Sauter %s", intent.Snooze: "Rappeler plus tard : %s", intent.Delete: "Supprimer %s", intent.Prioritize: "Changer la priorité : %s", intent.Tag: "Étiqueter %s",
			intent.Untag: "Retirer l'étiquette : %s",
		},
		past: map[intent.Kind]string{
			intent.Add: "%s est ajoutée.", intent.Move: "%s est déplacée.", intent.Undate: "%s n'a plus de date.", intent.Complete: "%s est terminée.", intent.Reopen: "%s est rouverte.",
			intent.Skip: "%s est sautée une fois.", intent.Snooze: "Rappel de %s :", intent.Delete: "%s est supprimée.", intent.Prioritize: "La priorité de %s est changée.",
			intent.Tag: "%s a l'étiquette.", intent.Untag: "%s n'a plus l'étiquette.",
		},
		pasts: map[intent.Kind]string{
			intent.Add: "Ajouté : %s.", intent.Move: "Déplacé : %s.", intent.Undate: "Date retirée : %s.", intent.Complete: "Terminé : %s.", intent.Reopen: "Rouvert : %s.",
			intent.Skip: "Sauté : %s.", intent.Snooze: "Rappel plus tard : %s.", intent.Delete: "Supprimé : %s.", intent.Prioritize: "Priorité changée : %s.",
			intent.Tag: "Étiqueté : %s.", intent.Untag: "Étiquette retirée : %s.",
		},
	}
}

func spanish() words {
	return words{
		one: "%d tarea", many: "%d tareas", date: "%s %d de %s", clock: " a las %s", today: "hoy", tomorrow: "mañana", from: "del", to: "al",
		weekdays: []string{"domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"},
		months: []string{"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
			"diciembre"},
		help: "Entiendo frases sencillas, sin modelo de lenguaje. Añado tareas, las busco y las cambio:", unknown: "No lo he entendido, y nada ha cambiado.",
		whichTask: "¿Qué tarea? Di una parte de su título.", whichDay: "¿A qué día?", addIt: "Añadir %s", oneOrMore: "¿Es una tarea, o son %d?",
		suggest: []string{"¿Qué tengo que hacer hoy?", "¿Qué está atrasado?", "¿Qué terminé la semana pasada?", "Añade huevos y pan #compra", "Mueve el dentista al viernes", "La leche está hecha"},
		days:    []string{"a mañana", "al lunes", "a la próxima semana"},
		finding: "Buscando %s", looking: "Leyendo la tarea", asks: "Espera tu respuesta", refused: "No ha sido posible: %s", already: "Eso ya está hecho.",
		nothing: "No hay tales tareas.", none: "ninguna.", noTags: "Ninguna tarea abierta tiene etiqueta.", tooMany: "Son más de %d tareas. Elige menos.",
		several: "¿Cuál de las %d tareas?", fits: "%s encaja con %d tareas. ¿Cuál?", near: "Ningún título contiene %s. ¿Es una de estas?", notFound: "No he encontrado ninguna tarea con %s en su título.",
		unchanged: "Nada ha cambiado.", oneByOne: "Estas tareas tienen fechas distintas. Muévelas una a una.", noTime: "La tarea no tiene esa fecha.",
		confirm: "¿%s? Todavía no ha cambiado nada.",
		due:     "Para", overdue: "Atrasado", finished: "Terminado", important: "Prioridad alta", dueOn: "Fecha: %s.", noDate: "Sin fecha.", isDone: "%s está terminada.",
		verbs: map[intent.Kind]string{
			intent.Add: "Añadir %s", intent.Move: "Mover %s", intent.Undate: "Quitar la fecha: %s", intent.Complete: "Terminar %s", intent.Reopen: "Reabrir %s",
			intent.Skip: "Saltar %s", intent.Snooze: "Recordar más tarde: %s", intent.Delete: "Borrar %s", intent.Prioritize: "Cambiar la prioridad: %s", intent.Tag: "Etiquetar %s",
			intent.Untag: "Quitar la etiqueta: %s",
		},
		past: map[intent.Kind]string{
			intent.Add: "%s está añadida.", intent.Move: "%s está movida.", intent.Undate: "%s ya no tiene fecha.", intent.Complete: "%s está terminada.", intent.Reopen: "%s está abierta otra vez.",
			intent.Skip: "%s se salta una vez.", intent.Snooze: "Recordatorio de %s:", intent.Delete: "%s está borrada.", intent.Prioritize: "La prioridad de %s ha cambiado.",
			intent.Tag: "%s tiene la etiqueta.", intent.Untag: "%s ya no tiene la etiqueta.",
		},
		pasts: map[intent.Kind]string{
			intent.Add: "Añadido: %s.", intent.Move: "Movido: %s.", intent.Undate: "Fecha quitada: %s.", intent.Complete: "Terminado: %s.", intent.Reopen: "Reabierto: %s.",
			intent.Skip: "Saltado: %s.", intent.Snooze: "Recordar más tarde: %s.", intent.Delete: "Borrado: %s.", intent.Prioritize: "Prioridad cambiada: %s.",
			intent.Tag: "Etiquetado: %s.", intent.Untag: "Etiqueta quitada: %s.",
		},
	}
}
