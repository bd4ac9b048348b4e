#include "model/event.h"

const char *event_kind_name(enum event_kind kind)
{
	static const char *const names[EVENT_KINDS] = {
		[EVENT_PULL] = "pull",	 [EVENT_COMMENT] = "comment", [EVENT_PUSH] = "push",
		[EVENT_CI] = "ci",	 [EVENT_QUEUE] = "queue",     [EVENT_INSTALL] = "install",
		[EVENT_OTHER] = "other",
	};

	return names[kind];
}

const char *event_action_name(enum event_action action)
{
	static const char *const names[ACTIONS] = {
		[ACTION_NONE] = "none",		  [ACTION_OPENED] = "opened",
		[ACTION_UPDATED] = "updated",	  [ACTION_EDITED] = "edited",
		[ACTION_CLOSED] = "closed",	  [ACTION_MERGED] = "merged",
		[ACTION_CREATED] = "created",	  [ACTION_DELETED] = "deleted",
		[ACTION_STARTED] = "started",	  [ACTION_SUCCEEDED] = "succeeded",
		[ACTION_FAILED] = "failed",	  [ACTION_CANCELLED] = "cancelled",
	};

	return names[action];
}
