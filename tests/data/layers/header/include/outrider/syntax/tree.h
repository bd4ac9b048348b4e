#include "flow/config.h"
