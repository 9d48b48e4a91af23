// The parts of Boost.Asio that this room uses; compiled once, by millrace_beast.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace millrace::kafka {

namespace net = boost::asio;
using Tcp = boost::asio::ip::tcp;
using NetError = boost::system::error_code;

}  // namespace millrace::kafka
