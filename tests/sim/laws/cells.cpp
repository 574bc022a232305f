// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <holdfast/observer.hpp>

#include "sim/law.hpp"

namespace holdfast::sim {
namespace {

using enum cell_state;

/// Written down again, from the design: core's own table is what is on trial.
constexpr bool legal(cell_state from, cell_state to) noexcept {
  switch (from) {
    case building:
      return to == idle || to == rebuilding || to == broken || to == draining || to == closed;
    case idle:
      return to == running || to == draining || to == closed;
    case running:
      return to == idle || to == stopping || to == rebuilding || to == draining || to == closed;
    case stopping:
      return to == idle || to == running || to == rebuilding || to == draining || to == closed;
    case rebuilding:
      return to == idle || to == broken || to == draining || to == closed;
    case broken:
      return to == closed;
    case draining:
      return to == stopping || to == rebuilding || to == closed;
    case closed:
      return false;
  }
  return false;
}

/// A cell goes from state to state as the design draws it, and its generation only up.
class cells final : public law {
 public:
  cells() : law("legal_cell_path") {}

  void see(const event& what) override {
    switch (what.what) {
      case seen::moved:
        return move(what);
      case seen::started: {
        const of& cell = cells_[what.cell];
        if (cell.state != idle && cell.state != running && cell.state != draining && cell.state != stopping)
          broken("call " + std::to_string(what.call) + " started in cell " + std::to_string(what.cell) +
                 ", which is " + to_string(cell.state));
        return;
      }
      case seen::rested:
        for (int i = 0; i < cells_.size(); ++i) {
          if (cells_[i].state != closed)
            broken("cell " + std::to_string(i) + " rests as " + to_string(cells_[i].state));
        }
        return;
      case seen::cell_made:
        static_cast<void>(cells_[what.cell]);
        return;
      default:
        return;
    }
  }

 private:
  struct of {
    cell_state state = building;
    std::uint64_t generation = 1;
  };

  void move(const event& what) {
    of& cell = cells_[what.cell];
    const auto from = static_cast<cell_state>(what.number);
    const auto to = static_cast<cell_state>(what.code);
    const std::string name = "cell " + std::to_string(what.cell);
    if (from != cell.state)
      broken(name + " was " + to_string(cell.state) + " and is said to have been " + to_string(from));
    if (!legal(from, to)) broken(name + " went from " + to_string(from) + " to " + to_string(to));
    if (what.generation < cell.generation || what.generation > cell.generation + 1)
      broken("generation_moves_on", name + " went from generation " + std::to_string(cell.generation) +
                                        " to " + std::to_string(what.generation));
    cell.state = to;
    cell.generation = what.generation;
  }

  by_number<of> cells_;
};

}  // namespace

std::unique_ptr<law> law_of_cells() { return std::make_unique<cells>(); }

}  // namespace holdfast::sim
