#include "rules/regex.h"
