// One process at a boost::interprocess::message_queue. It reports as the others do: over the socket that
// it is told, "ready", then, having heard a line, what it did.
//
//   boost release
//   boost make NAME CAPACITY
//   boost end NAME CONSUMERS
//   boost produce NAME GATE HAND MILLISECONDS
//   boost consume NAME GATE

#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/version.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <sys/prctl.h>
#include <sys/signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using boost::interprocess::message_queue;
using boost::interprocess::open_only;

namespace {

constexpr std::size_t bytes = 64;
constexpr std::uint64_t last = ~std::uint64_t{0};

struct Item {
    std::uint64_t words[bytes / sizeof(std::uint64_t)];

    explicit Item(std::uint64_t number) {
        for (auto& word : words) word = number;
    }
};

std::uint64_t now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return std::uint64_t(time.tv_sec) * 1'000'000'000 + std::uint64_t(time.tv_nsec);
}

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

class Control {
public:
    explicit Control(const char* path) : socket_(socket(AF_UNIX, SOCK_STREAM, 0)) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
        if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
    }

    void ready() {
        say("ready\n");
        char word = 0;
        do {
            if (read(socket_, &word, 1) != 1) fail("read");
        } while (word != '\n');
    }

    void tell(std::uint64_t items, std::uint64_t sum, std::uint64_t begun) {
        const auto ended = now();
        say("{\"items\":" + std::to_string(items) + ",\"sum\":" + std::to_string(sum) +
            ",\"begun\":" + std::to_string(begun) + ",\"ended\":" + std::to_string(ended) + "}\n");
    }

private:
    void say(const std::string& line) {
        if (write(socket_, line.data(), line.size()) != ssize_t(line.size())) fail("write");
    }

    int socket_;
};

void produce(message_queue& queue, Control& control, std::uint64_t hand, std::uint64_t milliseconds) {
    control.ready();
    const auto begun = now();
    const auto until = begun + milliseconds * 1'000'000;
    std::uint64_t items = 0, sum = 0;
    while (items % 32 != 0 || now() < until) {
        const auto number = hand << 48 | items;
        const Item item(number);
        queue.send(&item, bytes, 0);
        ++items;
        sum += number;
    }
    control.tell(items, sum, begun);
}

void consume(message_queue& queue, Control& control) {
    control.ready();
    const auto begun = now();
    std::uint64_t items = 0, sum = 0;
    for (;;) {
        Item item(0);
        message_queue::size_type size = 0;
        unsigned priority = 0;
        queue.receive(&item, bytes, size, priority);
        if (size != bytes || item.words[0] != item.words[7]) fail("an item arrived in pieces");
        if (item.words[0] == last) break;
        ++items;
        sum += item.words[0];
    }
    control.tell(items, sum, begun);
}

}  // namespace

int main(int count, char** arguments) try {
    const std::string verb = count > 1 ? arguments[1] : "";
    if (verb == "release") {
        std::puts(BOOST_LIB_VERSION);
        return 0;
    }
    if (count < 4) return 2;
    const char* name = arguments[2];
    if (verb == "make") {
        message_queue::remove(name);
        message_queue(boost::interprocess::create_only, name, std::strtoull(arguments[3], nullptr, 10), bytes);
        return 0;
    }
    message_queue queue(open_only, name);
    if (verb == "end") {
        const Item item(last);
        for (auto left = std::strtoull(arguments[3], nullptr, 10); left > 0; --left) queue.send(&item, bytes, 0);
        return 0;
    }
    Control control(arguments[3]);
    if (verb == "produce" && count == 6) {
        produce(queue, control, std::strtoull(arguments[4], nullptr, 10), std::strtoull(arguments[5], nullptr, 10));
        return 0;
    }
    if (verb == "consume") {
        consume(queue, control);
        return 0;
    }
    return 2;
} catch (const std::exception& error) {
    std::fprintf(stderr, "boost: %s\n", error.what());
    return 1;
}
