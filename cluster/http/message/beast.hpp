// Boost.Beast and Asio as this room uses them. Included by .cpp files and by headers of this room
// and of cluster/http/client only: handlers see no type of the library.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/buffers_suffix.hpp>
#include <boost/beast/http.hpp>

namespace millrace::http {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace beast_http = boost::beast::http;
using Tcp = boost::asio::ip::tcp;
using NetError = boost::system::error_code;

}  // namespace millrace::http
