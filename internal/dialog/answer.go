package dialog

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"taskmaster/internal/intent"
)

// maxShown is the number of tasks of an answer to a question.
const maxShown = 50

// answer returns the answer to an intent.
func (t *turn) answer(ctx context.Context, in intent.Intent) (Answer, error) {
	var answer Answer
	var err error
	switch {
	case in.Kind == intent.Add:
		answer, err = t.add(ctx, in)
	case in.Kind.Changes():
		answer, err = t.changeNamed(ctx, in)
	case in.Kind == intent.Help:
		answer = Answer{Text: t.words.help, Choices: t.suggestions()}
	case in.Kind == intent.Unknown:
		answer = t.unknown(in)
	default:
		answer, err = t.question(ctx, in)
	}
	if said, ok := unclearAnswer(err); ok {
		return said, nil
	}
	return answer, err
}

// suggestions are sentences to begin with.
func (t *turn) suggestions() []Choice { return Suggestions(t.plan.Language) }

// Suggestions returns sentences to begin with, in a language that phrase.Languages lists, or else in English.
func Suggestions(language string) []Choice {
	texts, ok := languages[language]
	if !ok {
		texts = languages["en"]
	}
	var choices []Choice
	for _, sentence := range texts.suggest {
		choices = append(choices, Choice{Label: sentence, Sentence: sentence})
	}
	return choices
}

func (t *turn) addChoice(sentence string) Choice {
	sentence = strings.TrimSpace(sentence)
	call, err := newCall("add_tasks", arguments{Sentences: []string{sentence}})
	if err != nil {
		return Choice{}
	}
	return Choice{Label: fmt.Sprintf(t.words.addIt, quoted(sentence)), Call: &call}
}

// unknown says which part of a sentence is not understood. Nothing is changed.
func (t *turn) unknown(in intent.Intent) Answer {
	answer := Answer{Text: t.words.unknown}
	switch in.Missing {
	case intent.MissingName:
		answer.Text = t.words.whichTask
	case intent.MissingWhen:
		answer.Text = t.words.whichDay
		for _, when := range t.words.days {
			answer.Choices = append(answer.Choices, Choice{Label: when, Sentence: t.req.Sentence + " " + when})
		}
		if in.Target.Last {
			answer.Choices = nil
		}
		return answer
	}
	if in.MaybeTask {
		answer.Choices = append(answer.Choices, t.addChoice(t.req.Sentence))
	} else if in.Missing == "" {
		answer.Choices = t.suggestions()
	}
	return answer
}

// add adds tasks. If the sentence can mean one task or several, it asks.
func (t *turn) add(ctx context.Context, in intent.Intent) (Answer, error) {
	if in.Parts != nil {
		answer := Answer{Text: fmt.Sprintf(t.words.oneOrMore, len(in.Parts))}
		for label, sentences := range map[string][]string{t.words.tasks(1): in.Sentences, t.words.tasks(len(in.Parts)): in.Parts} {
			call, err := newCall("add_tasks", arguments{Sentences: sentences})
			if err != nil {
				return Answer{}, err
			}
			answer.Choices = append(answer.Choices, Choice{Label: label, Call: &call})
		}
		slices.SortFunc(answer.Choices, func(a, b Choice) int { return strings.Compare(a.Label, b.Label) })
		return answer, nil
	}
	if len(in.Sentences) > maxTargets {
		return Answer{Text: fmt.Sprintf(t.words.tooMany, maxTargets)}, nil
	}
	return t.apply(ctx, Call{Tool: "add_tasks"}, arguments{Sentences: in.Sentences}, nil)
}

// changeNamed changes the tasks that a sentence names.
func (t *turn) changeNamed(ctx context.Context, in intent.Intent) (Answer, error) {
	tasks, err := t.targets(ctx, in)
	if err != nil {
		return Answer{}, err
	}
	call, err := t.change(in, tasks)
	if err != nil {
		return Answer{}, err
	}
	return t.act(ctx, call)
}

// question answers a question. It calls only tools that read.
func (t *turn) question(ctx context.Context, in intent.Intent) (Answer, error) {
	var found []Task
	var err error
	var title string
	switch in.Kind {
	case intent.Due:
		return t.due(ctx, in)
	case intent.Overdue:
		found, title = t.plan.Overdue, t.words.overdue
	case intent.Done:
		found, err = t.finished(ctx, in)
		title = t.words.finished
		if in.From != "" {
			title += " " + t.words.between(in.From, in.To, t.options)
		}
	case intent.Tagged:
		found, err = t.find(ctx, map[string]any{"tag": in.Target.Tag, "limit": maxShown}, "#"+in.Target.Tag)
		title = "#" + in.Target.Tag
	case intent.Prioritary:
		found, err = t.find(ctx, map[string]any{"priority": "high", "limit": maxShown}, t.words.important)
		title = t.words.important
	case intent.Tags:
		return t.tags(ctx)
	case intent.Show:
		if found, err = t.named(ctx, in); err != nil {
			return Answer{}, err
		}
		return Answer{Text: t.describe(found[0]), Tasks: t.shown(found)}, nil
	default:
		found, err = t.find(ctx, map[string]any{"text": in.Target.Name, "status": "all", "limit": maxShown}, quoted(in.Target.Name))
		title = quoted(in.Target.Name)
	}
	if err != nil {
		return Answer{}, err
	}
	return t.list(title, found), nil
}

// list returns the answer that lists tasks.
func (t *turn) list(title string, tasks []Task) Answer {
	if len(tasks) == 0 {
		return Answer{Text: title + ": " + t.words.none}
	}
	return Answer{Text: title + ": " + t.words.tasks(len(tasks)), Tasks: t.shown(tasks[:min(len(tasks), maxShown)])}
}

// due answers which tasks are due. Overdue tasks belong to today.
func (t *turn) due(ctx context.Context, in intent.Intent) (Answer, error) {
	title := t.words.due + " " + t.words.between(in.From, in.To, t.options)
	if in.From == t.day(0) && in.To == in.From {
		answer := t.list(title, t.dueToday())
		var late []Task
		for _, task := range t.plan.Overdue {
			if !strings.HasPrefix(task.Due, in.From) {
				late = append(late, task)
			}
		}
		if len(late) > 0 {
			answer.Text += "\n" + t.words.overdue + ": " + t.words.tasks(len(late))
			answer.Tasks = append(t.shown(late[:min(len(late), maxShown)]), answer.Tasks...)
		}
		return answer, nil
	}
	found, err := t.find(ctx, map[string]any{"due_from": in.From, "due_to": in.To, "limit": maxShown}, t.words.between(in.From, in.To, t.options))
	if err != nil {
		return Answer{}, err
	}
	return t.list(title, found), nil
}

// maxDonePages bounds the pages of completed tasks that an answer reads.
const maxDonePages = 5

// finished returns the tasks that were completed in the days of a question, the last completed first.
func (t *turn) finished(ctx context.Context, in intent.Intent) ([]Task, error) {
	query := map[string]any{"order": "completed", "limit": maxShown}
	if in.From == "" {
		return t.find(ctx, query, t.words.finished)
	}
	query["limit"] = 200
	var found []Task
	for range maxDonePages {
		var list taskList
		if err := t.call(ctx, "find_tasks", query, &list, fmt.Sprintf(t.words.finding, t.words.finished)); err != nil {
			return nil, err
		}
		for _, task := range list.Tasks {
			day := localDay(task.DoneAt, t.options)
			if day < in.From {
				return found, nil
			}
			if day <= in.To {
				found = append(found, task)
			}
		}
		if list.NextCursor == "" {
			break
		}
		query["cursor"] = list.NextCursor
	}
	return found, nil
}

func (t *turn) tags(ctx context.Context) (Answer, error) {
	var result struct {
		Tags []struct {
			Tag  string `json:"tag"`
			Open int    `json:"open"`
		} `json:"tags"`
	}
	if err := t.call(ctx, "list_tags", struct{}{}, &result, t.words.looking); err != nil {
		return Answer{}, err
	}
	answer := Answer{Text: t.words.noTags}
	var lines []string
	for _, tag := range result.Tags {
		lines = append(lines, fmt.Sprintf("#%s (%d)", tag.Tag, tag.Open))
	}
	if lines != nil {
		answer.Text = strings.Join(lines, ", ")
	}
	return answer, nil
}

// shown returns tasks with the words of their dates.
func (t *turn) shown(tasks []Task) []Task {
	shown := slices.Clone(tasks)
	for i := range shown {
		shown[i].DueWords = t.words.when(shown[i].Due, t.options)
	}
	return shown
}
