#pragma once

namespace rolegate::cli {

/// Takes the variables away that libpq and Connector/C read by themselves (PGSERVICE, PGOPTIONS,
/// LIBMYSQL_PLUGINS …): where a login goes and what it does there, the configuration says. Not all can be
/// overruled by parameters. Before other threads are started.
void forget_client_variables();

}  // namespace rolegate::cli
