#include "connect/pq_library.hpp"

#include <libpq-fe.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/fork_pause.hpp"
#include "connect/delay_load.hpp"

namespace rolegate::connect {
namespace {

// The functions of libpq, and of the libssl that it brings along, that this program uses; calling one of
// libpq's that is not here is an error of the linker.
#define ROLEGATE_PQ_FUNCTIONS(F) \
  F(PQconnectStartParams)        \
  F(PQconnectPoll)               \
  F(PQfinish)                    \
  F(PQstatus)                    \
  F(PQsocket)                    \
  F(PQerrorMessage)              \
  F(PQsslInUse)                  \
  F(PQsslAttribute)              \
  F(PQsslStruct)                 \
  F(PQsetErrorVerbosity)         \
  F(PQsetNoticeReceiver)         \
  F(PQsetNoticeProcessor)        \
  F(PQlibVersion)                \
  F(PQparameterStatus)           \
  F(PQsendQuery)                 \
  F(PQsetSingleRowMode)          \
  F(PQgetResult)                 \
  F(PQexec)                      \
  F(PQconsumeInput)              \
  F(PQisBusy)                    \
  F(PQresultStatus)              \
  F(PQresultErrorMessage)        \
  F(PQresultErrorField)          \
  F(PQntuples)                   \
  F(PQnfields)                   \
  F(PQfname)                     \
  F(PQftype)                     \
  F(PQgetvalue)                  \
  F(PQgetlength)                 \
  F(PQgetisnull)                 \
  F(PQcmdStatus)                 \
  F(PQcmdTuples)                 \
  F(PQclear)                     \
  F(PQgetCopyData)               \
  F(PQputCopyEnd)                \
  F(PQfreemem)                   \
  F(PQgetCancel)                 \
  F(PQcancel)                    \
  F(PQfreeCancel)                \
  F(SSL_peek)                    \
  F(SSL_get_error)

ROLEGATE_DELAYED_LIBRARY(ROLEGATE_PQ_FUNCTIONS, "libpq.so.5", "libpq5")

}  // namespace

base::Result<void> load_pq_library() {
  const base::ForkPause no_fork;  // a child would wait for the thread that is loading
  return library().loaded;
}

std::optional<std::string_view> peek_in_tls(pg_conn* connection, std::span<char> room) {
  auto* const tls = static_cast<SSL*>(::PQsslStruct(connection, "OpenSSL"));
  if (tls == nullptr) return std::nullopt;
  ::ERR_clear_error();  // what SSL_get_error says comes from this thread's queue
  const int count = functions().SSL_peek(tls, room.data(), static_cast<int>(room.size()));
  if (count > 0) return std::string_view(room.data(), static_cast<std::size_t>(count));
  if (functions().SSL_get_error(tls, count) == SSL_ERROR_WANT_READ) return std::string_view();
  return std::nullopt;
}

}  // namespace rolegate::connect

using rolegate::connect::functions;

extern "C" {
PGconn* PQconnectStartParams(const char* const* keywords, const char* const* values, int expand_dbname) {
  return functions().PQconnectStartParams(keywords, values, expand_dbname);
}
PostgresPollingStatusType PQconnectPoll(PGconn* conn) { return functions().PQconnectPoll(conn); }
void PQfinish(PGconn* conn) { return functions().PQfinish(conn); }
ConnStatusType PQstatus(const PGconn* conn) { return functions().PQstatus(conn); }
int PQsocket(const PGconn* conn) { return functions().PQsocket(conn); }
char* PQerrorMessage(const PGconn* conn) { return functions().PQerrorMessage(conn); }
int PQsslInUse(PGconn* conn) { return functions().PQsslInUse(conn); }
const char* PQsslAttribute(PGconn* conn, const char* attribute_name) {
  return functions().PQsslAttribute(conn, attribute_name);
}
void* PQsslStruct(PGconn* conn, const char* struct_name) {
  return functions().PQsslStruct(conn, struct_name);
}
PGVerbosity PQsetErrorVerbosity(PGconn* conn, PGVerbosity verbosity) {
  return functions().PQsetErrorVerbosity(conn, verbosity);
}
PQnoticeReceiver PQsetNoticeReceiver(PGconn* conn, PQnoticeReceiver proc, void* arg) {
  return functions().PQsetNoticeReceiver(conn, proc, arg);
}
PQnoticeProcessor PQsetNoticeProcessor(PGconn* conn, PQnoticeProcessor proc, void* arg) {
  return functions().PQsetNoticeProcessor(conn, proc, arg);
}
int PQlibVersion() { return functions().PQlibVersion(); }
const char* PQparameterStatus(const PGconn* conn, const char* paramName) {
  return functions().PQparameterStatus(conn, paramName);
}
int PQsendQuery(PGconn* conn, const char* query) { return functions().PQsendQuery(conn, query); }
int PQsetSingleRowMode(PGconn* conn) { return functions().PQsetSingleRowMode(conn); }
PGresult* PQgetResult(PGconn* conn) { return functions().PQgetResult(conn); }
PGresult* PQexec(PGconn* conn, const char* query) { return functions().PQexec(conn, query); }
int PQconsumeInput(PGconn* conn) { return functions().PQconsumeInput(conn); }
int PQisBusy(PGconn* conn) { return functions().PQisBusy(conn); }
ExecStatusType PQresultStatus(const PGresult* res) { return functions().PQresultStatus(res); }
char* PQresultErrorMessage(const PGresult* res) { return functions().PQresultErrorMessage(res); }
char* PQresultErrorField(const PGresult* res, int fieldcode) {
  return functions().PQresultErrorField(res, fieldcode);
}
int PQntuples(const PGresult* res) { return functions().PQntuples(res); }
int PQnfields(const PGresult* res) { return functions().PQnfields(res); }
char* PQfname(const PGresult* res, int field_num) { return functions().PQfname(res, field_num); }
Oid PQftype(const PGresult* res, int field_num) { return functions().PQftype(res, field_num); }
char* PQgetvalue(const PGresult* res, int tup_num, int field_num) {
  return functions().PQgetvalue(res, tup_num, field_num);
}
int PQgetlength(const PGresult* res, int tup_num, int field_num) {
  return functions().PQgetlength(res, tup_num, field_num);
}
int PQgetisnull(const PGresult* res, int tup_num, int field_num) {
  return functions().PQgetisnull(res, tup_num, field_num);
}
char* PQcmdStatus(PGresult* res) { return functions().PQcmdStatus(res); }
char* PQcmdTuples(PGresult* res) { return functions().PQcmdTuples(res); }
void PQclear(PGresult* res) { return functions().PQclear(res); }
int PQgetCopyData(PGconn* conn, char** buffer, int async) {
  return functions().PQgetCopyData(conn, buffer, async);
}
int PQputCopyEnd(PGconn* conn, const char* errormsg) { return functions().PQputCopyEnd(conn, errormsg); }
void PQfreemem(void* ptr) { return functions().PQfreemem(ptr); }
PGcancel* PQgetCancel(PGconn* conn) { return functions().PQgetCancel(conn); }
int PQcancel(PGcancel* cancel, char* errbuf, int errbufsize) {
  return functions().PQcancel(cancel, errbuf, errbufsize);
}
void PQfreeCancel(PGcancel* cancel) { return functions().PQfreeCancel(cancel); }
}  // extern "C"
