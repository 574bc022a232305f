// SPDX-License-Identifier: Apache-2.0
// A struct crosses as a record once it is described.
// expect: a parameter has no codec
#include <boost/describe.hpp>
#include <holdfast/function.hpp>

struct point {
  int x = 0;
};
#ifdef HOLDFAST_CONTROL
BOOST_DESCRIBE_STRUCT(point, (), (x))
#endif

auto use(const holdfast::pool& map) { return map.function<void(point)>("mark").value()(point{1}); }
