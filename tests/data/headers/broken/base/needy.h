/* Names a type of a header that it does not include: tests/headers.sh must see it. */
#pragma once

size_t needy_size(void);
