// Package dialog answers a turn of a conversation with the assistant: a sentence, or the choice of an
// offered call. It reads the sentence by package intent and calls the tools of /mcp with the rights of the user.
//
//	Request ── intent.Read ── question ── tools that read ───────────────── Answer: text, tasks
//	                     └─── change ──── the named tasks ── one changing tool ── Answer: tasks with undo
//	                                            └─ several, or none ──────────── Answer: choices, nothing changed
//
// A turn calls at most one tool that changes tasks, and passes the id of the request as its request_id. So a
// repeated request has its effect once. Calls that delete, and large batches, come back with a token from
// the tool; the answer then offers the confirmed call, and only a second request makes it.
//
// The text of tasks is data. It is compared with the name of a sentence and shown, and never read as a sentence.
package dialog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/intent"
)

// Tools calls the tools of /mcp as the user.
type Tools interface {
	// Call reads the structured result of a tool into result. It returns a *RefusedError if the tool refuses.
	Call(ctx context.Context, tool string, arguments any, result any) error
}

// RefusedError is the error of a tool that refuses a call. Text is its explanation, in English.
type RefusedError struct{ Text string }

func (r *RefusedError) Error() string { return r.Text }

// Request is a turn of the user. It has a sentence or a call.
type Request struct {
	// ID is new for each turn, and the same when a turn is repeated: printable ASCII, at most MaxID bytes.
	ID       string `json:"id"`
	Sentence string `json:"sentence,omitempty"`
	// Call is a call that an earlier answer offered.
	Call *Call `json:"call,omitempty"`
	// About holds the ids of the tasks of the last answer, which "it" means.
	About []string `json:"about,omitempty"`
	// Label is the label of the choice that the call came from.
	Label string `json:"label,omitempty"`
	// Conversation is the id of the conversation that the turn continues. Without it, the turn begins one.
	Conversation string `json:"conversation,omitempty"`
}

// MaxID is the longest ID of a request in bytes.
const MaxID = 80

// Call is a call of a tool that an answer offers.
type Call struct {
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments"`
	// Undo marks the undo of a new task. It is deleted without a further question.
	Undo bool `json:"undo,omitempty"`
}

// Step is a call of a tool, before it and after it.
type Step struct {
	Number int    `json:"number"`
	Tool   string `json:"tool"`
	// Text describes the call. Outcome is empty until it has ended.
	Text    string `json:"text"`
	Outcome string `json:"outcome,omitempty"`
	Failed  bool   `json:"failed,omitempty"`
}

// Task is a task as the tools show it.
type Task struct {
	ID        string   `json:"id"`
	Title     string   `json:"title"`
	Completed bool     `json:"completed"`
	Due       string   `json:"due,omitempty"`
	DueWords  string   `json:"due_words,omitempty"`
	Overdue   bool     `json:"overdue,omitempty"`
	Priority  string   `json:"priority,omitempty"`
	Tags      []string `json:"tags,omitempty"`
	Repeats   string   `json:"repeats,omitempty"`
	Snoozed   string   `json:"snoozed_until,omitempty"`
	DoneAt    string   `json:"completed_at,omitempty"`
	// Deleted reports whether the task is gone.
	Deleted bool `json:"deleted,omitempty"`
	// Undo takes the change of this turn back.
	Undo *Call `json:"undo,omitempty"`
}

// Choice is something that the user can choose next: a call, or a sentence.
type Choice struct {
	Label    string `json:"label"`
	Call     *Call  `json:"call,omitempty"`
	Sentence string `json:"sentence,omitempty"`
	// Danger marks a choice that deletes.
	Danger bool `json:"danger,omitempty"`
}

// Answer is the answer to a turn.
type Answer struct {
	Text    string   `json:"text"`
	Tasks   []Task   `json:"tasks,omitempty"`
	Choices []Choice `json:"choices,omitempty"`
	// Changed reports whether the turn changed tasks.
	Changed bool `json:"changed,omitempty"`
	// Conversation is the id of the conversation that keeps the turn. It is empty if the turn is not kept.
	Conversation string `json:"conversation,omitempty"`
}

// ErrRequest is the error of a request that no page sends.
var ErrRequest = errors.New("the request is not valid")

// Run answers a request, and reports each step before and after its call. admit, if set, is called with the language
// of the account before anything is changed, and its error ends the turn. Run returns the error of a tool that did
// not answer.
func Run(ctx context.Context, tools Tools, req Request, report func(Step), admit func(language string) error) (Answer, error) {
	if err := req.validate(); err != nil {
		return Answer{}, err
	}
	t := &turn{tools: tools, req: req, report: report, words: languages["en"]}
	if err := t.open(ctx); err != nil {
		return t.refused(err)
	}
	if admit != nil {
		if err := admit(t.plan.Language); err != nil {
			return Answer{}, err
		}
	}
	var answer Answer
	var err error
	if req.Call != nil {
		answer, err = t.act(ctx, *req.Call)
	} else {
		answer, err = t.answer(ctx, intent.Read(req.Sentence, t.options))
	}
	if err != nil {
		return t.refused(err)
	}
	return answer, nil
}

func (r Request) validate() error {
	switch {
	case r.ID == "" || len(r.ID) > MaxID || strings.ContainsFunc(r.ID, func(c rune) bool { return c < 0x21 || c > 0x7e }):
		return fmt.Errorf("%w: id is not 1 to %d printable characters", ErrRequest, MaxID)
	case (strings.TrimSpace(r.Sentence) == "") == (r.Call == nil):
		return fmt.Errorf("%w: one of sentence and call is required", ErrRequest)
	case len(r.Sentence) > intent.MaxSentence:
		return fmt.Errorf("%w: sentence has more than %d bytes", ErrRequest, intent.MaxSentence)
	case r.Conversation != "" && uuid.Validate(r.Conversation) != nil:
		return fmt.Errorf("%w: conversation is not an id that an answer gave", ErrRequest)
	case len(r.About) > maxTargets:
		return fmt.Errorf("%w: about has more than %d ids", ErrRequest, maxTargets)
	}
	return nil
}

// turn is a request that is being answered.
type turn struct {
	tools   Tools
	req     Request
	report  func(Step)
	steps   int
	words   words
	options intent.Options
	plan    plan
}

// plan is the part of plan_today's result that a turn reads.
type plan struct {
	Now       time.Time `json:"now"`
	TimeZone  string    `json:"time_zone"`
	Language  string    `json:"language"`
	WeekStart int       `json:"week_start"`
	LineSigns string    `json:"line_signs"`
	Overdue   []Task    `json:"overdue"`
	Today     []Task    `json:"today"`
}

// open reads the day, the zone and the language of the account.
func (t *turn) open(ctx context.Context) error {
	if err := t.call(ctx, "plan_today", struct{}{}, &t.plan, ""); err != nil {
		return err
	}
	zone, err := time.LoadLocation(t.plan.TimeZone)
	if err != nil {
		return fmt.Errorf("load the zone of the account: %w", err)
	}
	if words, ok := languages[t.plan.Language]; ok {
		t.words = words
	}
	t.options = intent.Options{Now: t.plan.Now, Zone: zone, Language: t.plan.Language, WeekStart: time.Weekday(t.plan.WeekStart), TodoistSigns: t.plan.LineSigns == apiv1.SignsTodoist}
	return nil
}

// call calls a tool and reports the step. Without a text, the step is not shown until the tool has failed.
func (t *turn) call(ctx context.Context, tool string, arguments, result any, text string) error {
	t.steps++
	step := Step{Number: t.steps, Tool: tool, Text: text}
	if text != "" {
		t.report(step)
	}
	err := t.tools.Call(ctx, tool, arguments, result)
	switch refusal, refused := errors.AsType[*RefusedError](err); {
	case refused:
		step.Failed, step.Outcome = true, refusal.Text
	case err != nil:
		return fmt.Errorf("call %s: %w", tool, err)
	default:
		step.Outcome = t.outcome(result)
	}
	if text != "" {
		t.report(step)
	}
	return err
}

// outcome describes the result of a tool.
func (t *turn) outcome(result any) string {
	switch r := result.(type) {
	case *taskList:
		return t.words.tasks(len(r.Tasks))
	case *changeResult:
		if !r.Done {
			return t.words.asks
		}
		return t.words.tasks(len(r.Tasks))
	}
	return "✓"
}

// refused turns the refusal of a tool into an answer.
func (t *turn) refused(err error) (Answer, error) {
	refusal, ok := errors.AsType[*RefusedError](err)
	switch {
	case !ok:
		return Answer{}, err
	case strings.Contains(refusal.Text, "Idempotency-Key was used for another"):
		return Answer{Text: t.words.already}, nil
	}
	return Answer{Text: fmt.Sprintf(t.words.refused, refusal.Text)}, nil
}
