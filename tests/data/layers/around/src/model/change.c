#include "../repo/private.h"
