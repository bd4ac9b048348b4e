/*
 * pop.h - takes subtrees off the parser's stack where there is one way down, which is nearly always. Goes into the
 * runtime's stack.c. The general function follows all ways at once, at three times the cost.
 */
#pragma once

/* True when it was so: self->slices holds the one answer, as the general function would leave it. */
static bool stack_pop_single(Stack *self, StackVersion version, uint32_t count)
{
	StackNode *node = array_get(&self->heads, version)->node;
	uint32_t room = (uint32_t)ts_subtree_alloc_size(count) / sizeof(Subtree);
	SubtreeArray subtrees = array_new();
	uint32_t n = 0, left = count;

	while (left > 0) {
		Subtree subtree;

		if (node->link_count != 1)
			return false;
		subtree = node->links[0].subtree;
		n += subtree.ptr != NULL;
		left -= !subtree.ptr || !ts_subtree_extra(subtree);
		node = node->links[0].node;
	}
	array_reserve(&subtrees, room > n ? room : n);
	subtrees.size = n;
	node = array_get(&self->heads, version)->node;
	for (left = count; left > 0; node = node->links[0].node) {
		Subtree subtree = node->links[0].subtree;

		left -= !subtree.ptr || !ts_subtree_extra(subtree);
		if (!subtree.ptr)
			continue;
		ts_subtree_retain(subtree);
		subtrees.contents[--n] = subtree;
	}
	array_clear(&self->slices);
	ts_stack__add_slice(self, version, node, &subtrees);
	return true;
}
