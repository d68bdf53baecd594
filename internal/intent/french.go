package intent

import (
	"regexp"
)

// french returns the words of French without accents.
func french() *language {
	return &language{
		letters:   latin,
		elided:    setOf("l d j qu m n s c"),
		polite:    phrasesOf("merci bonjour salut ok alors s'_il_te_plaît s'_il_vous_plaît svp stp"),
		requests:  phrasesOf("s'_il_te_plaît s'_il_vous_plaît svp stp peux-tu peux_tu pourrais-tu pouvez-vous tu_peux est-ce_que_tu_peux veux-tu"),
		articles:  setOf("le la les l' l un une des du mon ma mes notre nos ce cette cet"),
		fillers:   setOf("tache taches"),
		joins:     setOf("de d' du des a au aux pour en et avec comme dans sur jusqu'a"),
		all:       setOf("tout toute tous toutes chaque quelque taches rien aucun aucune"),
		last:      setOf("le la les ca cela celle-ci celui-ci ceci cette_tache ces_taches"),
		and:       setOf("et &"),
		negations: setOf("ne n' n pas jamais aucun aucune"),
		questions: setOf("que qu' qu quoi quel quelle quels quelles quand ou comment pourquoi combien est-ce ai-je y-a-t-il dois-je qui"),
		smalltalk: setOf("bonjour salut merci ok oui non stop annuler bien test"),
		priorities: map[string]string{
			"haute": "high", "priorite haute": "high", "haute priorite": "high", "elevee": "high", "urgent": "high", "urgente": "high", "important": "high",
			"importante": "high", "prioritaire": "high", "moyenne": "medium", "priorite moyenne": "medium", "basse": "low", "priorite basse": "low", "faible": "low",
			"aucune": "none", "aucune priorite": "none", "normale": "none",
		},
		periods: map[string]period{
			"aujourd'hui": today, "pour aujourd'hui": today, "ce soir": today, "demain": tomorrow, "pour demain": tomorrow, "apres-demain": afterNext,
			"hier": yesterday, "cette semaine": thisWeek, "pour cette semaine": thisWeek, "la semaine": thisWeek, "la semaine prochaine": nextWeek,
			"semaine prochaine": nextWeek, "pour la semaine prochaine": nextWeek, "la semaine derniere": lastWeek, "semaine derniere": lastWeek,
			"la semaine passee": lastWeek, "ce mois-ci": thisMonth, "ce mois": thisMonth, "le mois prochain": nextMonth, "mois prochain": nextMonth,
			"le mois dernier": lastMonth, "mois dernier": lastMonth, "ce week-end": weekend, "ce weekend": weekend, "le week-end": weekend, "le weekend": weekend,
		},
		lastDays:    regexp.MustCompile(`^(?:ces |les |pendant les |dans les )?(\d{1,3}) derniers jours$`),
		lastWeekday: setOf("dernier derniere passe"),
		onDay:       []string{"", "le ", "à "},
		inSpan:      "dans ",
		strip:       setOf("le la l'"),
		table: `
=overdue: toutes mes|les? tâches en_retard
=overdue: les|mes tâches en_retard
=overdue: tout ce_qui_est? en_retard
=today: toutes? mes|les? tâches d'_aujourd'hui|du_jour|pour_aujourd'hui|prévues_aujourd'hui
=today: tout ce_qui_est? d'_aujourd'hui|pour_aujourd'hui|prévu_aujourd'hui
=tag: toutes? mes|les tâches? avec|en|sous|de l'_étiquette|le_tag|étiquetées? {tags}
=tag: toutes mes|les? tâches {tags}
=tag: tout {tags}

help: aide|aide-moi|commandes
help: que peux-tu|peux_tu|puis-je|sais-tu|comprends-tu faire|dire|demander?
help: qu' est-ce_que tu|je peux|sais faire|dire|demander
help: comment ça marche|fonctionne

overdue: qu' est-ce qui est en_retard|encore_en_retard
overdue: quoi en_retard
overdue: quelles|quelle tâches? sont|est en_retard
overdue: montre|affiche|liste|montre-moi|donne-moi|montrer|afficher moi? toutes? mes|les? tâches? en_retard
overdue: mes|les|des? tâches? en_retard
overdue: en_retard
overdue: y-a-t-il|ai-je|est-ce_que_j'_ai|y_a-t-il|j'_ai|il_y_a quelque_chose|des_tâches en_retard
overdue: combien de tâches sont|ai-je en_retard

finished: qu' ai-je|est-ce_que_j'_ai terminé|fini|fait|accompli|achevé|coché {period}
finished: qu' ai-je|est-ce_que_j'_ai terminé|fini|fait|accompli|achevé récemment|dernièrement?
finished: quelles tâches ai-je|j'_ai|est-ce_que_j'_ai terminé|terminées|fini|finies|faites|accomplies {period}
finished: quelles tâches ai-je|j'_ai|est-ce_que_j'_ai terminé|terminées|fini|finies|faites|accomplies récemment?
finished: j'_ai fini|fait|terminé quoi {period}
finished: montre|affiche|montre-moi|liste|montrer|afficher moi? mes|les? tâches terminées|finies|faites|achevées de|d'|pour? {period}
finished: montre|affiche|montre-moi|liste|montrer|afficher moi? mes|les? tâches terminées|finies|faites|achevées
finished: mes|les? tâches terminées|finies|faites|achevées de|d'? {period}
finished: mes|les? tâches terminées|finies|faites|achevées

due: qu' est-ce que|qu' j'|je ai|dois|devrais à_faire|faire|prévu|de_prévu pour? {period}
due: que dois-je|devrais-je|faut-il faire|terminer|finir pour|avant? {period}
due: qu' ai-je à_faire|de_prévu|prévu|au_programme pour? {period}
due: qu' est-ce qui est|arrive à_faire|prévu|dû|au_programme? pour? {period}
due: qu' est-ce qu' il y a à_faire|de_prévu|au_programme? pour? {period}
due: quoi de_prévu|à_faire|de_neuf? pour? {period}
due: quelles tâches sont|ai-je|j'_ai|dois-je à_faire|prévues|dues|faire|au_programme? pour? {period}
due: quelles sont mes|les tâches de|d'|du|pour|prévues? {period}
due: quel est mon|le programme|planning|agenda de|d'|du|pour? {period}
due: ai-je|est-ce_que_j'_ai|y-a-t-il|j'_ai quelque_chose|des_tâches|un_truc à_faire|de_prévu|prévu|prévues? pour? {period}
due: combien de tâches ai-je|j'_ai|sont pour|prévues? {period}
due: montre|affiche|liste|montre-moi|donne-moi|donne|montrer|afficher moi? toutes? mes|les|le|mon? tâches|programme|planning|agenda prévues|à_faire? de|d'|du|pour? {period}
due: mes|les? tâches de|d'|du|pour|prévues? {period}
due: et pour|ce_que_j'_ai? {period}
due: programme|planning|agenda de|d'|du|pour? {period}
due: à_faire {period}
due: {period}
due/today: que dois-je|puis-je|devrais-je faire maintenant|ensuite?
due/today: qu' est-ce que je dois|peux faire maintenant|ensuite?
due/today: qu' est-ce que j' ai à faire
due/today: qu' est-ce qui est prévu|dû|à_faire
due/today: ma|planifie|organise? ma? journée
due/today: montre|affiche|montre-moi|montrer|afficher? ma|la|mes liste|tâches de_tâches|à_faire?

tags: quels tags|étiquettes ai-je|j'_ai|existent|il_y_a?
tags: quelles tags|étiquettes ai-je|j'_ai|existent|il_y_a?
tags: montre|affiche|liste|montre-moi|montrer|afficher moi? tous|toutes? mes|les? tags|étiquettes
tags: mes|les? tags|étiquettes
tagged: quelles tâches sont|ont étiquetées|avec|dans|sous? le_tag|l'_étiquette? {tag}
tagged: qu' est-ce que j' ai dans|avec|sous|pour {tags}
tagged: montre|affiche|liste|trouve|montre-moi|montrer|afficher moi? toutes|tout? mes|les? tâches? avec|étiquetées|en|dans|sous? le_tag|l'_étiquette? {tags}
tagged: tâches avec|étiquetées|sous le_tag|l'_étiquette? {tag}
tagged: {tags}
important: qu' est-ce qui est le_plus? important|urgent|prioritaire
important: quelles tâches sont les_plus? importantes|urgentes|prioritaires
important: montre|affiche|montre-moi|liste|montrer|afficher moi? mes|les? tâches les_plus? importantes|urgentes|prioritaires
important: tâches importantes|urgentes|prioritaires

untag: enlève|retire|supprime|efface|enlever|retirer|supprimer|effacer le_tag|l'_étiquette|le|l'? {tags} de|du|des|d'|à {name}
untag: enlève|retire|supprime|efface|enlever|retirer|supprimer|effacer le_tag|l'_étiquette {tag} de|du|des|d'|à {name}
tag: ajoute|mets|donne|mettre le_tag|l'_étiquette|le|l'? {tags} à|sur|au|aux {set}
tag: ajoute|mets|donne|mettre le_tag|l'_étiquette|le|l'? {tags} à|sur|au|aux {name}
tag: ajoute|mets|mettre le_tag|l'_étiquette {tag} à|sur|au|aux {name}
tag: étiquette|tague|marque|étiqueter|marquer {name} avec|comme|en? le_tag? {tags}
tag: étiquette|tague|étiqueter {name} avec|comme {tag}

undate: enlève|retire|supprime|efface|enlever|retirer|supprimer|effacer la|l' date|échéance d'_échéance? de|du|des|d'|à {set}
undate: enlève|retire|supprime|efface|enlever|retirer|supprimer|effacer la|l' date|échéance d'_échéance? de|du|des|d'|à {name}

priority: mets|change|passe|règle|mettre|changer|passer la priorité de|du|d'|des {name} à|en|sur {prio}
priority: mets|passe|marque|donne|mettre|passer|marquer {set} en|comme|à {prio}
priority: mets|passe|mettre|passer {name} en {prio}
priority: marque|marquer {name} comme|en {prio}
priority: donne une? {prio} à {name}
priority: donne à {name} une|la? {prio}
priority: rends {name} {prio}
priority/high: {name} est|sont très|maintenant? urgent|urgente|urgents|urgentes|important|importante|importants|importantes|prioritaire
priority/none: enlève|retire|supprime|enlever|retirer|supprimer la priorité de|du|d'|des {name}

snooze: rappelle-moi|rappelle_moi {name} à_nouveau|de_nouveau|encore dans {span}
snooze: rappelle-moi|rappelle_moi à_nouveau|de_nouveau|encore|plus_tard {name} dans {span}
snooze: répète|reporte|reporter le_rappel|rappel de|du|d'|des {name} de|d' {span}
snooze: reporte|reporter le_rappel|rappel de|du|d'|des {name} à|au|jusqu'à|jusqu'au {when}

add/name: ajoute|crée|nouvelle une? nouvelle? tâche?
add/name: rappelle-moi
add/whole: rappelle-moi|rappelle_moi|rappelez-moi de|d' {text}
add: n' oublie pas de|d' {text}
add: ajoute|crée|ajouter|créer|nouvelle|note une|la? nouvelle? tâche|todo|rappel pour|de|d'|appelée|nommée? {text}
add: ajoute|mets|note|ajouter|inscris|mettre {text} à|sur|dans ma|la|mes liste|tâches de_tâches|de_courses?
add: ajoute|ajouter|note|noter|inscris|todo {text}
add: je dois {text}
add: il faut que_je? {text}

move: déplace|reporte|repousse|décale|mets|remets|passe|déplacer|reporter|repousser|décaler|mettre|remettre|passer {set} à|au|pour|jusqu'à|jusqu'au|sur {when}
move: déplace|reporte|repousse|décale|déplacer|reporter|repousser|décaler {name} de|du {old} à|au {when}
move: déplace|reporte|repousse|décale|remets|avance|replanifie|bouge|déplacer|reporter|repousser|décaler|remettre|avancer|replanifier {name} à|au|pour|sur|jusqu'à|jusqu'au {when}
move: déplace|reporte|repousse|décale|remets|avance|replanifie|bouge|mets|déplacer|reporter|repousser|décaler|remettre|avancer|replanifier|mettre {name} à|au|pour|sur? {when}
move: mets|change|fixe|passe|mettre|changer|passer la|l' date|échéance d'_échéance? de|du|d'|des {name} à|au|pour {when}
move: déplace|reporte|repousse|décale|déplacer|reporter|repousser|décaler {set} de|d' {span}
move: déplace|reporte|repousse|décale|retarde|déplacer|reporter|repousser|décaler {name} de|d' {span}
move/earlier: avance|avancer {name} de|d' {span}
move: déplace|reporte|repousse|décale|replanifie|déplacer|reporter|repousser|décaler|replanifier {name}
move/name: déplace|reporte|repousse|décale

skip: saute|passe|ignore|sauter|passer {set}
skip: saute|ignore|sauter la_prochaine|cette|l'? fois|occurrence|prochaine_occurrence de|du|d'|des {name}
skip: saute|ignore|sauter {name} cette_fois|cette_semaine|aujourd'hui|une_fois?
skip/name: saute

reopen: rouvre|réouvre|rouvrir {name}
reopen: marque|remets|mets|marquer|remettre|mettre {name} comme|en? non|pas terminé|terminée|fini|finie|faite|fait
reopen: remets|mets|remettre|mettre {name} à faire
reopen: {name} n' est pas|pas_encore|finalement_pas terminé|terminée|fini|finie|faite|fait
reopen: je n' ai pas|pas_encore|finalement_pas fini|terminé|fait {name}

delete: supprime|efface|enlève|retire|supprimer|effacer|enlever|retirer {set}
delete: supprime|efface|enlève|retire|supprimer|effacer|enlever|retirer {name} de ma|la|mes liste|tâches de_tâches?
delete: supprime|supprimer|efface|effacer|enlève|retire|enlever|retirer {name}
delete/name: supprime|efface

done: termine|coche|marque|finis|cocher|marquer {set} comme|en? terminées|terminé|faites|fait|finies?
done: marque|mets|marquer|mettre {name} comme|en|à terminé|terminée|terminés|fait|faite|fini|finie|finis|complété|complétée
done: coche|cocher {name}
done: j' ai déjà|juste? fini|terminé|achevé|complété avec|de|d'? {name}
done: j' en? ai terminé|fini avec {name}
done: j' en ai terminé|fini avec {name}
done: c' est fait|fini pour? {name}
done: {name} est|sont maintenant|déjà|enfin? terminé|terminée|fait|faite|fini|finie|faits|faites|finis|finies
done: {name} terminé|terminée|fait|faite|fini|finie|c'_est_fait
done/name: terminé|fini|fait

search: cherche|recherche|trouve|trouve-moi|rechercher moi? toutes? les|mes|une? tâches|tâche avec|sur|de|à_propos_de|contenant|qui_parlent_de? {name}
search: cherche|recherche|trouve|rechercher|chercher {name}
search: ai-je|est-ce_que_j'_ai|j'_ai|y-a-t-il une|des tâche|tâches avec|sur|pour|à_propos_de|au_sujet_de|appelée {name}
search: quelles tâches contiennent|mentionnent|parlent_de|parlent_du {name}
search: montre|affiche|montre-moi|montrer|afficher moi? toutes? les|mes tâches avec|sur|à_propos_de|contenant {name}
search: où est|sont {name}
search/name: cherche|trouve
show: quand|c'_est_quand est|sont|dois-je|a_lieu|est-ce_que_c'_est? {name} prévu|prévue|dû|due?
show: pour|c'_est quand est? {name}
show: est-ce que {name} est terminé|terminée|fini|finie|fait|faite|en_retard
show: montre|affiche|montre-moi|ouvre|montrer|afficher moi? les? détails? de|du? {name}
`,
	}
}
