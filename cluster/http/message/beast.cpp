// The parts of Boost.Asio and Boost.Beast that are functions, compiled once: see BOOST_*_SEPARATE_*
// in CMakeLists.txt.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
