// Asio and Beast, compiled once (BOOST_ASIO_SEPARATE_COMPILATION): elsewhere their headers are declarations.
// Without TLS: the gateway's is OpenSSL's own.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
