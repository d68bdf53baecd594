package intent

import "regexp"

// english returns the words of English.
func english() *language {
	return &language{
		letters:   latin,
		polite:    phrasesOf("please thanks thank_you hey hi hello ok okay so"),
		requests:  phrasesOf("please could_you can_you would_you will_you kindly i'd_like_you_to i_want_you_to you"),
		articles:  setOf("the a an my our that this"),
		fillers:   setOf("task tasks todo appointment_task"),
		joins:     setOf("to for from until till by at on in of with and as"),
		all:       setOf("all every everything each any anything both some something tasks todos none nothing"),
		last:      setOf("it that this them these those the_same"),
		and:       setOf("and &"),
		negations: setOf("don't dont not never no do_not cannot can't cant won't shouldn't"),
		questions: setOf("what what's whats when where who why which how is are was were do does did have has can could should would will am any"),
		smalltalk: setOf("hello hi hey thanks ok okay yes no undo stop cancel good great bye test"),
		priorities: map[string]string{
			"high": "high", "high priority": "high", "urgent": "high", "important": "high", "medium": "medium", "medium priority": "medium",
			"low": "low", "low priority": "low", "none": "none", "no priority": "none", "normal": "none",
		},
		periods: map[string]period{
			"today": today, "for today": today, "tonight": today, "tomorrow": tomorrow, "for tomorrow": tomorrow, "yesterday": yesterday,
			"the day after tomorrow": afterNext, "day after tomorrow": afterNext, "this week": thisWeek, "for this week": thisWeek, "the week": thisWeek,
			"in this week": thisWeek, "next week": nextWeek, "for next week": nextWeek, "last week": lastWeek, "the last week": lastWeek,
			"this month": thisMonth, "next month": nextMonth, "last month": lastMonth, "this weekend": weekend, "at the weekend": weekend,
			"on the weekend": weekend, "the weekend": weekend,
		},
		lastDays:    regexp.MustCompile(`^(?:in |over |during )?(?:the )?(?:last|past) (\d{1,3}) days$`),
		lastWeekday: setOf("last"),
		onDay:       []string{"", "on ", "at "},
		inSpan:      "in ",
		strip:       setOf("the"),
		table: `
=overdue: all|every|the|my? my|the? overdue|late tasks|task|todos?
=overdue: everything|anything|all that's|that_is|which_is? overdue|late
=overdue: all tasks that|which are overdue|late
=today: all|every|the|my? my|the? tasks of|for|from|due? today
=today: everything|all that's|that_is? of|for|from|due? today
=today: all|my|the? today's tasks
=tag: all|every|everything my|the? tasks? with|in|tagged|under? the? tag? {tags}
=tag: all|every|the|my? my|the? {tags} tasks|todos

help: help|commands|usage me?
help: what can you|i do|say|ask here?
help: how does|do this|it|you work
help: what do you understand

overdue: what|what's|whats is|are? still? overdue|late
overdue: what tasks|task? is|are still? overdue|late
overdue: which|what tasks|task are|is overdue|late
overdue: show|list|see|view me? all? my|the? overdue|late tasks|ones?
overdue: my|all? overdue|late tasks?
overdue: is|are anything|there any|something|any_tasks? tasks? overdue|late
overdue: do i have any|anything|some? overdue|late tasks?
overdue: what did i miss
overdue: what have i missed
overdue: how many tasks are overdue|late

finished: what|which tasks? did i finish|complete|do|achieve|accomplish|get_done|check_off|tick_off {period}
finished: what|which tasks? did i finish|complete|do|achieve|accomplish|get_done lately|recently?
finished: what|which tasks? have i finished|completed|done|achieved|accomplished|gotten_done|got_done {period}
finished: what|which tasks? have i finished|completed|done|achieved|accomplished lately|recently|so_far?
finished: what|which tasks? was|were finished|completed|done {period}
finished: what got done {period}
finished: show|list|see|view me? all? my|the? done|completed|finished tasks from|of|for? {period}
finished: show|list|see|view me? all? my|the? done|completed|finished tasks
finished: show|list me? what|everything i finished|completed|did {period}
finished: my? completed|finished|done tasks from|of|for? {period}
finished: completed|finished tasks

due: what|what's|whats is|tasks_are|are? still? due|open|planned|scheduled|left|next|up|on|happening|coming_up for? {period}
due: what|which tasks are|is|were still? due|open|planned|scheduled|left for? {period}
due: what do|should|must|can|will i need|have|must|want? to? do|have|get_done|finish for|on? {period}
due: what do i have to_do|planned|scheduled|due|left|coming_up|on? for? {period}
due: what does my {period} look_like
due: what have i got to_do|planned|on? for? {period}
due: what must i do {period}
due: what about {period}
due: and {period}
due: do i have any|anything|something|tasks any|tasks|to_do|due|planned|scheduled|left? for|on? {period}
due: is|are there? any|anything|something tasks? due|planned|scheduled|left|on? for? {period}
due: how many tasks are|do due|i_have? due? {period}
due: show|list|see|view|give|tell me? all? my|the? tasks|todos|todo|plan|agenda|schedule|list|day for|of|due? {period}
due: show|list|see|view|give|tell me? what is|i_have|what's? due|planned? {period}
due: show|list|give me? {period}
due: my|the? tasks|plan|agenda|schedule|todos|todo for|of|due|on? {period}
due: plan|how_is|how's my|the? {period}
due: due {period}
due: {period}
due/today: what|what's|whats is|do_i_have|should_i_do|do_i_do|can_i_do|must_i_do up|to_do|due? next|now
due/today: what's next|due|up
due/today: what is due
due/today: what should i do
due/today: plan|show my day
due/today: my? day|agenda
due/today: show? me? my|the? todo|to-do|task list
due/today: what|how does|is my day look_like|like?

tags: what|which|show|list|my me? all? are|tags tags|the|my|do|have? tags? i|are|do? have|there|i_have?
tags: show|list me? all? my|the? tags
tags: which|what tags do i have|use
tags: tags
tagged: what|what's|whats|which is|are|tasks? are? tagged|in|under with|as? the? tag? {tag}
tagged: show|list|find|give me? all|my|the|everything? my|the? tasks|everything|todos? with|tagged|in|under? the? tag? {tags}
tagged: show|list|find me? all|my|the? my|the? {tags} tasks
tagged: tasks|everything tagged|with the_tag? {tag}
tagged: what do i have in|under|for|on? {tags}
tagged: {tags}
important: what|what's|whats is|tasks_are? most? important|urgent|high_priority
important: show|list me? all? my|the? important|urgent|high_priority|high-priority|most_important tasks|todos
important: which|what tasks are|have a? important|urgent|high_priority|high
important: what tasks? has|have a? high priority
important: important|urgent|high_priority tasks?

priority/name: prioritize|prioritise
priority: set|change|make|put|raise|lower the? priority of|for {name} to|on {prio}
priority: set|change|make|mark|put|give {set} to|as|a? {prio} priority?
priority: set|change|mark|put {name} to|as|on {prio} priority?
priority: make {name} {prio}
priority: give {name} a? {prio} priority?
priority/high: prioritize|prioritise {set}
priority/high: prioritize|prioritise {name}
priority/none: remove|clear|drop the? priority of|from {name}

untag: remove|delete|drop|take_off|clear the? tag? {tags} from|off|of {name}
untag: remove|delete|drop the? tag {tag} from|off|of {name}
untag: untag {name} {tags}
tag: tag {set} as|with|by? {tags}
tag: tag {name} as|with|by {tag}
tag: tag {name} {tags}
tag: add|put|set|give the? tag? {tags} to|on {set}
tag: add|put|set|give the? tag? {tags} to|on {name}
tag: add|put|set the? tag {tag} to|on {name}
tag: label|mark {name} as|with {tags}

snooze: snooze {set} for|by {span}
snooze: snooze {name} for|by {span}
snooze: snooze {name} until|till|to {when}
snooze: snooze {name}
snooze: remind me of|about {name} again|later in {span}
snooze: remind me again of|about {name} in {span}
snooze: remind me again of|about {name} {when}
snooze/name: snooze

add/name: add|create|new a|an|new? new? task|todo|reminder?
add/name: remind me to?
add/whole: remind me to|about|of {text}
add/whole: remind me {when} to|about|of {text}
add: don't|dont|do_not|never forget to {text}
add: add|create|make|new|start|enter a|an|another|new|a_new? task|todo|to-do|reminder to|called|named|for|titled? {text}
add: add|put|enter|note|write_down|jot_down|append {text} to|on|onto|in|into my|the todo|to-do|task|tasks? list|tasks|todos|inbox
add: add|todo|to-do|append|write_down|jot_down {text}
add: remember to {text}
add: i need|have|must to {text}

undate: remove|clear|delete|drop|erase the? due? date|deadline|due of|from|for {set}
undate: remove|clear|delete|drop|erase the? due? date|deadline|due of|from|for {name}

move: move|reschedule|postpone|shift|push|push_back|put_off|delay|bring_forward|defer|set|change {set} to|until|till|for {when}
move: move|reschedule|postpone|shift|push|push_back|put_off|delay|bring_forward|defer {name} from {old} to|until|till {when}
move: move|reschedule|postpone|shift|push|push_back|put_off|delay|bring_forward|defer|bump {name} to|until|till|for {when}
move: set|change|make the? due? date|deadline|due|time of|for {name} to|on {when}
move: make|set {name} due on|at|for? {when}
move: set {name} to {when}
move: {name} should|must be due? on|at? {when} instead
move: push|put|bring {name} back|forward|off to|until|till {when}
move: move|postpone|shift|push|push_back|delay|defer|put_off|bump {set} by|for {span}
move: move|postpone|shift|push|push_back|delay|defer|put_off|bump {name} by|for {span}
move: move|push|shift {name} back|forward|out|later by? {span}
move: move|shift|push {name} {span} later|back|forward
move/earlier: move|shift|bring {name} {span} earlier
move: reschedule|postpone {name}
move/name: move|reschedule|postpone

skip: skip {set}
skip: skip the|this|next? next|this? occurrence|time|one of {name}
skip: skip {name} this|for_this time|once|week|month|today
skip: skip {name}
skip/name: skip

reopen: reopen|re-open|uncomplete|uncheck|undo|restore|unfinish {name}
reopen: mark|set {name} as? not|un done|finished|complete|completed
reopen: mark|set {name} as? undone|open|unfinished|incomplete
reopen: {name} is|was|isn't|wasn't not|still|n't? open|unfinished
reopen: {name} is|was not done|finished yet?
reopen: {name} isn't|wasn't done|finished yet?
reopen: i haven't|didn't|have_not|did_not finish|finished|done|do|complete|completed {name} yet?

delete: delete|remove|erase|trash {set}
delete: delete|remove|erase|trash {name} from|off my|the todo|task? list|tasks
delete: delete|remove|erase|trash {name}
delete/name: delete|remove

done: mark|set|check|tick {set} as|off done|finished|complete|completed?
done: complete|finish|check_off|tick_off|tick {set}
done: mark|set {name} as? done|finished|complete|completed
done: check|tick|cross {name} off
done: check_off|tick_off|cross_off|tick {name}
done: i'm|im|i_am|we're? done|finished with {name}
done: i've|i_have|ive just? already? finished|done|completed {name}
done: i just|already? finished|completed|did {name}
done: complete|completed {name}
done: {name} is|are|was now|all? done|finished|completed|complete
done: {name} done|finished|completed
done/name: complete|finish|done

search: find|search|look|lookup|look_up|look_for|search_for for|me? all|any|my|the? tasks|task|todos|everything|anything? about|with|for|mentioning|containing|called|named? {name}
search: do|did i have a|an|any|some? task|tasks|todo|todos|anything about|for|with|called|named|mentioning {name}
search: which|what tasks|task mention|mentions|contain|contains|are_about|is_about|have {name}
search: show|list me? all? the|my? tasks about|with|mentioning|containing|for {name}
search: is there a|any? task|todo|anything about|for|called|with {name}
search: where is|did_i_put {name}
search/name: find|search
show: when is|are|must|was {name} due|planned|scheduled?
show: when do|must|should i have|need? to? {name}
show: is {name} done|finished|due|overdue|open
show: show|open|view|see|details me? of|for? {name}
show: tell me about {name}
`,
	}
}
