#include "cli/exit_status.hpp"
