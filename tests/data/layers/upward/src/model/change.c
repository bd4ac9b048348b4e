#include "repo/diff.h"
