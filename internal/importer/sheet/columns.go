package sheet

import (
	"slices"
	"strings"
	"unicode"

	"taskmaster/internal/task"
)

// Field is the meaning of a column.
type Field string

// The fields of a task that a column can have. FieldNotes keeps a column in the description with its
// name, and FieldNone leaves it out.
const (
	FieldTitle       Field = "title"
	FieldDescription Field = "description"
	FieldDue         Field = "due"
	FieldDueTime     Field = "due_time"
	FieldTags        Field = "tags"
	FieldPriority    Field = "priority"
	FieldCompleted   Field = "completed"
	FieldCompletedAt Field = "completed_at"
	FieldCreatedAt   Field = "created_at"
	FieldRepeat      Field = "repeat"
	FieldReminder    Field = "reminder"
	FieldZone        Field = "time_zone"
	FieldAllDay      Field = "all_day"
	FieldID          Field = "id"
	FieldNotes       Field = "notes"
	FieldNone        Field = "-"
)

// Fields returns all fields in the order for a choice.
func Fields() []Field {
	return []Field{FieldTitle, FieldDescription, FieldDue, FieldDueTime, FieldTags, FieldPriority, FieldCompleted, FieldCompletedAt, FieldCreatedAt,
		FieldRepeat, FieldReminder, FieldZone, FieldAllDay, FieldID, FieldNotes, FieldNone}
}

// Column is a column of a file.
type Column struct {
	Name  string
	Field Field
	// Sample is the first value.
	Sample string
	// Guessed reports that the column's name says nothing about its field.
	Guessed bool
}

// names are the names of columns by field, in small letters and digits alone. The first field that
// matches wins, so that "content" is the description beside a title.
func names() []struct {
	field Field
	names string
} {
	return []struct {
		field Field
		names string
	}{
		{FieldTitle, "title task taskname tasktitle name subject summary todo titel aufgabe aufgabenname betreff name titre tâche objet título titulo tarea asunto nombre item action content"},
		{FieldDescription, "description notes note details detail body content comment comments beschreibung notizen notiz inhalt text remarques descripción descripcion notas détails"},
		{FieldDue, "due duedate dueon dueat duedatetime deadline fällig fälligkeit fälligkeitsdatum fälligam faelligam frist échéance dateéchéance datedéchéance vencimiento fechadevencimiento fechalímite date datum fecha"},
		{FieldDueTime, "duetime time uhrzeit zeit heure hora"},
		{FieldTags, "tags tag labels label category categories list listname project projectname folder foldername section columnname kategorie kategorien liste projekt étiquettes catégorie catégories projet etiquetas categoría categorías lista proyecto"},
		{FieldPriority, "priority importance prio priorität wichtigkeit priorité prioridad"},
		{FieldCompleted, "completed done complete status state iscompleted finished erledigt abgeschlossen statut terminé fait estado completado hecho"},
		{FieldCompletedAt, "completedat completedon datecompleted completeddate completiondate completedtime completed erledigtam abgeschlossenam"},
		{FieldCreatedAt, "created createdat createdon datecreated creationdate createdtime createddate erstellt erstelltam créé creado"},
		{FieldRepeat, "repeat recurrence rrule repeats recurring wiederholung répétition repetición"},
		{FieldReminder, "reminder reminders alarm erinnerung rappel recordatorio"},
		{FieldZone, "timezone tz zeitzone"},
		{FieldAllDay, "isallday allday wholeday"},
		{FieldID, "id taskid uid uuid key"},
	}
}

// Match returns the fields of columns by their names. A column with another name is kept in the
// description.
func Match(header []string) []Field {
	fields := make([]Field, len(header))
	taken := map[Field]bool{}
	for _, of := range names() {
		// An earlier name of the list fits better.
		for name := range strings.FieldsSeq(of.names) {
			for i, column := range header {
				many := of.field == FieldTags
				if fields[i] == "" && simple(column) == name && (many || !taken[of.field]) {
					fields[i], taken[of.field] = of.field, true
				}
			}
		}
	}
	for i := range fields {
		if fields[i] == "" {
			fields[i] = FieldNotes
		}
	}
	return fields
}

// simple returns the letters and digits of a name in small letters.
func simple(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// parseMapping reads a list of fields in the order of the columns: title,due,notes,-. Missing ones
// are matched by name.
func parseMapping(mapping string, header []string) ([]Field, error) {
	fields := Match(header)
	if mapping == "" {
		return fields, nil
	}
	given := strings.Split(mapping, ",")
	if len(given) > len(header) {
		return nil, task.Invalid("mapping", "names more columns than the file has")
	}
	for i, name := range given {
		field := Field(strings.TrimSpace(name))
		if field == "" {
			continue
		}
		if !slices.Contains(Fields(), field) {
			return nil, task.Invalid("mapping", "has an entry that is not a field such as title, due or notes")
		}
		fields[i] = field
	}
	return fields, nil
}
