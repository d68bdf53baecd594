package dialog

import "fmt"

// Trouble is a reason for a turn without an answer, in the language of the account.
type Trouble int

// The reasons.
const (
	TroubleLimit     Trouble = iota // with the limit of sentences of a day
	TroubleBroken                   // the answer broke off
	TroubleAway                     // the tasks cannot be reached
	TroubleSlow                     // the answer took too long
	TroubleForgotten                // the conversation does not exist
)

// troubles holds the texts by language, in the order of the reasons.
var troubles = map[string][]string{
	"en": {
		"You have sent %d sentences today, which is the limit. You can go on tomorrow.",
		"The answer broke off. Try again: it is done only once.",
		"Your tasks cannot be reached right now, and nothing was changed. Try again shortly.",
		"The answer took too long. Try again: it is done only once.",
		"This conversation is gone: it was deleted, or was too old to keep. Start a new one.",
	},
	"de": {
		"Du hast heute schon %d Sätze geschickt, mehr geht an einem Tag nicht. Morgen geht es weiter.",
		"Die Antwort ist abgebrochen. Versuche es noch einmal: es geschieht nur einmal.",
		"Deine Aufgaben sind gerade nicht erreichbar, und nichts wurde geändert. Versuche es gleich noch einmal.",
		"Die Antwort hat zu lange gedauert. Versuche es noch einmal: es geschieht nur einmal.",
		"Dieses Gespräch gibt es nicht mehr: es wurde gelöscht oder war zu alt. Beginne ein neues.",
	},
	"fr": {
		"Vous avez déjà envoyé %d phrases aujourd'hui, c'est la limite. Vous pourrez continuer demain.",
		"La réponse s'est interrompue. Réessayez : l'action ne sera faite qu'une fois.",
		"Vos tâches sont injoignables pour le moment, et rien n'a changé. Réessayez dans un instant.",
		"La réponse a pris trop de temps. Réessayez : l'action ne sera faite qu'une fois.",
		"Cette conversation n'existe plus : elle a été supprimée ou était trop ancienne. Commencez-en une nouvelle.",
	},
	"es": {
		"Ya has enviado %d frases hoy, que es el límite. Mañana puedes seguir.",
		"La respuesta se ha cortado. Inténtalo otra vez: solo se hará una vez.",
		"Ahora no se puede llegar a tus tareas, y nada ha cambiado. Inténtalo de nuevo dentro de poco.",
		"La respuesta ha tardado demasiado. Inténtalo otra vez: solo se hará una vez.",
		"Esta conversación ya no existe: se borró o era demasiado antigua. Empieza una nueva.",
	},
}

// Text returns the text of the trouble in a language, or in English for an unknown one.
func (t Trouble) Text(language string, arguments ...any) string {
	texts, ok := troubles[language]
	if !ok {
		texts = troubles["en"]
	}
	return fmt.Sprintf(texts[t], arguments...)
}
