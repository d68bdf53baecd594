package intent

import (
	"regexp"
)

// spanish returns the words of Spanish without accents.
func spanish() *language {
	return &language{
		letters:   latin,
		polite:    phrasesOf("gracias hola oye ok vale bueno"),
		requests:  phrasesOf("por_favor puedes podrias podrías puede quiero_que me_puedes"),
		articles:  setOf("el la los las un una unos unas mi mis nuestro nuestra este esta esa ese lo"),
		fillers:   setOf("tarea tareas"),
		joins:     setOf("a al de del para en con y e como por hasta"),
		all:       setOf("todo toda todos todas cada algo tareas nada ninguna ningun"),
		last:      setOf("lo la los las eso esa esto esta_tarea esas ese"),
		and:       setOf("y e &"),
		negations: setOf("no nunca jamas ningun ninguna"),
		questions: setOf("que cual cuales cuando donde quien como por cuanto cuantos cuantas hay tengo tiene debo esta estan es son"),
		smalltalk: setOf("hola gracias ok vale si no cancelar parar bien adios prueba deshacer"),
		priorities: map[string]string{
			"alta": "high", "prioridad alta": "high", "alta prioridad": "high", "urgente": "high", "importante": "high", "media": "medium",
			"prioridad media": "medium", "baja": "low", "prioridad baja": "low", "ninguna": "none", "sin prioridad": "none", "normal": "none",
		},
		periods: map[string]period{
			"hoy": today, "para hoy": today, "esta noche": today, "manana": tomorrow, "para manana": tomorrow, "pasado manana": afterNext, "ayer": yesterday,
			"esta semana": thisWeek, "para esta semana": thisWeek, "la semana": thisWeek, "la proxima semana": nextWeek, "la semana que viene": nextWeek,
			"proxima semana": nextWeek, "la semana proxima": nextWeek, "la semana pasada": lastWeek, "semana pasada": lastWeek, "este mes": thisMonth,
			"el proximo mes": nextMonth, "el mes que viene": nextMonth, "el mes pasado": lastMonth, "mes pasado": lastMonth, "este fin de semana": weekend,
			"el fin de semana": weekend,
		},
		lastDays:    regexp.MustCompile(`^(?:en |durante )?(?:los )?ultimos (\d{1,3}) dias$`),
		lastWeekday: setOf("pasado pasada"),
		onDay:       []string{"", "el ", "a las "},
		inSpan:      "en ",
		strip:       setOf("el la las"),
		table: `
=overdue: todas mis|las? tareas? atrasadas|vencidas|retrasadas
=overdue: mis|las tareas atrasadas|vencidas|retrasadas
=overdue: todo lo? que_está? atrasado|vencido|retrasado
=today: todas? mis|las? tareas de|para hoy
=today: todo lo? de|para|que_es_para hoy
=tag: todas? mis|las? tareas con|en|de|etiquetadas la_etiqueta|como? {tags}
=tag: todas mis|las tareas? {tags}
=tag: todo lo_de? {tags}

help: ayuda|ayúdame|comandos
help: qué puedes|puedo|sabes|entiendes hacer|decir|preguntar?
help: cómo funciona esto|eso?

overdue: qué|qué_tareas|cuáles está|están|hay|tengo|son todo? atrasado|atrasada|atrasadas|vencido|vencidas|retrasado|retrasadas
overdue: muestra|muéstrame|enseña|enséñame|lista|dame|mostrar todas? mis|las? tareas atrasadas|vencidas|retrasadas
overdue: mis|las? tareas atrasadas|vencidas|retrasadas
overdue: atrasado|atrasadas|vencidas|vencido
overdue: hay|tengo algo|tareas|alguna_tarea atrasado|atrasada|atrasadas|vencidas|vencido
overdue: cuántas tareas están|tengo atrasadas|vencidas

finished: qué|qué_tareas|cuáles terminé|hice|completé|acabé|logré {period}
finished: qué|qué_tareas|cuáles terminé|completé|acabé últimamente?
finished: qué|qué_tareas he terminado|hecho|completado|acabado {period}
finished: qué|qué_tareas he terminado|hecho|completado|acabado últimamente|ya?
finished: muestra|muéstrame|enséñame|lista|mostrar mis|las? tareas terminadas|completadas|hechas|acabadas de|del? {period}
finished: muestra|muéstrame|enséñame|lista|mostrar mis|las? tareas terminadas|completadas|hechas|acabadas
finished: mis|las? tareas terminadas|completadas|hechas|acabadas de|del? {period}
finished: mis|las? tareas terminadas|completadas|hechas|acabadas

due: qué|qué_tareas tengo|hay|debo|tengo_que|vence|vencen|toca que|por? hacer|pendiente|pendientes|programado|previsto? para? {period}
due: qué tengo que|pendiente? hacer|terminar? para? {period}
due: qué hago|debería_hacer|debo_hacer|toca para? {period}
due: qué está|están pendiente|pendientes|programado|previsto para? {period}
due: qué|cuáles es|son mis? tareas? para|de|del {period}
due: cuál es|son mi|el plan|agenda de|para|del {period}
due: tengo|hay algo|tareas|alguna_tarea que_hacer|pendiente|pendientes|programado? para? {period}
due: cuántas tareas tengo|hay para|pendientes? {period}
due: muestra|muéstrame|enseña|enséñame|lista|dame|mostrar todas? mis|las|mi|el|la? tareas|plan|agenda pendientes? de|para|del? {period}
due: mis|las? tareas pendientes? de|para|del? {period}
due: plan|agenda de|para|del? {period}
due: y para? {period}
due: pendiente|pendientes para|de? {period}
due: {period}
due/today: qué hago|debo_hacer|debería_hacer|tengo_que_hacer|toca ahora|después?
due/today: qué sigue|viene ahora|después?
due/today: qué tengo|hay pendiente|que_hacer|por_hacer
due/today: qué vence
due/today: mi|planifica|planea|organiza? mi? día
due/today: muestra|muéstrame|enséñame|mostrar? mi|la|mis lista|tareas de_tareas|pendientes?

tags: qué|cuáles etiquetas tengo|hay|uso?
tags: muestra|muéstrame|lista|enséñame|mostrar todas? mis|las? etiquetas
tags: mis|las? etiquetas
tagged: qué|qué_tareas tengo|hay|están con|en|de|etiquetadas|bajo como|la_etiqueta? {tag}
tagged: muestra|muéstrame|enséñame|lista|busca|mostrar todas|todo? mis|las|lo? tareas? con|en|de|etiquetadas la_etiqueta|como? {tags}
tagged: muestra|muéstrame|enséñame|lista|busca|mostrar todas|todo? mis|las|lo? tareas? {tags}
tagged: tareas con|etiquetadas la_etiqueta|como? {tag}
tagged: {tags}
important: qué|qué_tareas|cuáles es|son lo|las más? importante|urgente|importantes|urgentes|prioritarias
important: muestra|muéstrame|enséñame|lista|mostrar mis|las? tareas más? importantes|urgentes|prioritarias
important: tareas importantes|urgentes|prioritarias

untag: quita|elimina|borra|quitar|eliminar|borrar la? etiqueta? {tags} de|del|a|al {name}
untag: quita|elimina|borra|quitar|eliminar|borrar la? etiqueta {tag} de|del|a|al {name}
untag: quítale la? etiqueta? {tags} a|al {name}
tag: añade|agrega|pon|ponle|poner la? etiqueta? {tags} a|al {set}
tag: añade|agrega|pon|ponle|poner la? etiqueta? {tags} a|al {name}
tag: añade|agrega|pon|ponle|poner la? etiqueta {tag} a|al {name}
tag: etiqueta|marca|etiquetar|marcar {name} con|como {tags}
tag: etiqueta|etiquetar {name} con|como {tag}

undate: quita|elimina|borra|quitar|eliminar|borrar la fecha|fecha_límite de_vencimiento? de|del|a|al {set}
undate: quita|elimina|borra|quitar|eliminar|borrar la fecha|fecha_límite de_vencimiento? de|del|a|al {name}

priority: pon|cambia|establece|poner|cambiar la prioridad de|del {name} en|a|como {prio}
priority: pon|marca|cambia|poner|marcar|cambiar {set} como|en|a|con {prio}
priority: pon|marca|cambia|poner|marcar|cambiar {name} como|en|a|con {prio}
priority: da|dale prioridad? {prio} a|al {name}
priority: haz {name} {prio}
priority/high: prioriza {set}
priority/high: prioriza {name}
priority/high: {name} es|son muy|ahora? urgente|urgentes|importante|importantes
priority/none: quita|elimina|borra|quitar|eliminar|borrar la prioridad de|del|a|al {name}

snooze: recuérdame de_nuevo|otra_vez|más_tarde {name} en|dentro_de {span}
snooze: recuérdame {name} de_nuevo|otra_vez en|dentro_de {span}
snooze: pospón|aplaza|posponer|aplazar el_recordatorio|recordatorio de|del {name} {span}
snooze: pospón|aplaza|posponer|aplazar el_recordatorio|recordatorio de|del {name} hasta|para|a|al {when}

add/name: añade|agrega|crea|nueva una? nueva? tarea?
add/name: recuérdame
add/whole: recuérdame|recordarme que? {text}
add: no olvides|te_olvides_de {text}
add: añade|agrega|crea|nueva|añadir|agregar|crear|apunta una|la? nueva? tarea|recordatorio para|de|llamada|que_diga? {text}
add: añade|agrega|pon|apunta|anota|añadir|agregar|poner {text} a|en mi|la|mis lista|tareas de_tareas|de_la_compra?
add: añade|agrega|apunta|anota|añadir|agregar|apuntar {text}
add: tengo que|de {text}
add: debo {text}
add: necesito {text}

move: mueve|pasa|cambia|aplaza|pospón|traslada|reprograma|retrasa|mover|pasar|cambiar|aplazar|posponer|reprogramar|retrasar {set} a|al|para|hasta {when}
move: mueve|pasa|cambia|aplaza|pospón|traslada|reprograma|mover|pasar|cambiar|aplazar|posponer|reprogramar {name} del|de {old} a|al {when}
move: mueve|pasa|cambia|aplaza|pospón|traslada|reprograma|retrasa|adelanta|mover|pasar|cambiar|aplazar|posponer|reprogramar|retrasar|adelantar {name} a|al|para|hasta {when}
move: pon|cambia|fija|poner|cambiar la fecha|fecha_límite de_vencimiento? de|del {name} a|al|para|en {when}
move: pon|poner {name} para|el {when}
move: mueve|aplaza|pospón|retrasa|mover|aplazar|posponer|retrasar {set} {span}
move: mueve|aplaza|pospón|retrasa|mover|aplazar|posponer|retrasar {name} por? {span}
move/earlier: adelanta|adelantar {name} {span}
move: mueve|aplaza|pospón|reprograma|mover|aplazar|posponer|reprogramar {name}
move/name: mueve|aplaza|pospón

skip: salta|sáltate|omite|saltar {set}
skip: salta|sáltate|omite|saltar la_próxima|esta? vez|ocurrencia|próxima_vez de|del {name}
skip: salta|sáltate|omite|saltar {name} esta_vez|esta_semana|hoy|una_vez?
skip/name: salta

reopen: reabre|reabrir {name}
reopen: vuelve a abrir {name}
reopen: marca|pon|marcar|poner {name} como no|sin terminada|terminado|hecha|hecho|terminar|completada
reopen: marca|pon|marcar|poner {name} como pendiente
reopen: {name} no está|estaba todavía|aún? terminado|terminada|hecho|hecha|listo|lista
reopen: todavía|aún? no he terminado|hecho|acabado {name}

delete: elimina|borra|quita|suprime|eliminar|borrar|quitar {set}
delete: elimina|borra|quita|suprime|eliminar|borrar|quitar {name} de mi|la|mis lista|tareas de_tareas?
delete: elimina|borra|quita|suprime|eliminar|borrar|quitar {name}
delete/name: elimina|borra

done: completa|termina|marca|tacha|completar|marcar|tachar {set} como? terminadas|hechas|completadas|hecho?
done: marca|pon|marcar|poner {name} como hecho|hecha|terminado|terminada|completado|completada|lista|listo|hechas|hechos
done: tacha|tachar {name}
done: he|ya_he terminado|acabado|completado con? {name}
done: ya? terminé|acabé|completé con? {name}
done: {name} ya? está|están ya? terminado|terminada|hecho|hecha|listo|lista|hechas|hechos|completada|completado
done: {name} terminado|terminada|hecho|hecha|listo|completada|completado
done: completa|completar {name}
done/name: terminado|hecho

search: busca|buscar|encuentra|encontrar todas? las|mis|una|la? tareas|tarea con|sobre|de|acerca_de|que_contengan? {name}
search: busca|buscar|encuentra|encontrar {name}
search: tengo|hay alguna|una? tarea|tareas con|sobre|de|acerca_de|llamada {name}
search: qué tareas contienen|mencionan|hablan_de|tienen {name}
search: muestra|muéstrame|enséñame|mostrar todas? las|mis tareas con|sobre|acerca_de {name}
search: dónde está|están {name}
search/name: busca|encuentra
show: cuándo|para_cuándo es|son|está|tengo|vence|toca {name} programado|programada?
show: está {name} terminado|terminada|hecho|hecha|atrasada|atrasado
show: está|están terminado|terminada|hecho|hecha|lista|listo {name}
show: muestra|muéstrame|enséñame|abre|mostrar los? detalles? de|del? {name}
`,
	}
}
