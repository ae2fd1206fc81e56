/*
 * Bench - Java: newFixedThreadPool() and an ExecutorCompletionService for each
 * collection; W1d with a CompletableFuture that adds itself to a queue; W7
 * with a ForkJoinPool
 *
 * The command line, the loops and the line that is printed are those of the
 * programs in C: see bench.h, flow.h and workloads.h.  The warm-up is longer,
 * for the compiler to have done its work; memory is that of the heap, after a
 * collection of garbage.
 *
 * SPDX-License-Identifier: MIT
 */

import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

class Bench {
    static final int NOT_APPLICABLE = 77;

    static int n, workers, param;
    static String name;
    static ExecutorService pool;
    static final StringBuilder more = new StringBuilder();

    // ---- Tasks ----------------------------------------------------------

    static volatile long spun;
    static volatile boolean stopped;
    static int spinTurns;
    static CountDownLatch held, gate;

    static long compute(int turns, long x) {
        for (int i = 0; i < turns; i++)
            x = x * 6364136223846793005L + 1442695040888963407L;
        return x;
    }

    static Callable<Integer> echo(int arg) {
        return () -> arg;
    }

    static Callable<Integer> spin(int arg) {
        return () -> {
            if (compute(spinTurns, arg) == 0)
                spun++;
            return arg;
        };
    }

    static Callable<Integer> hold(int arg) {
        return () -> {
            held.countDown();
            gate.await();
            return arg;
        };
    }

    static Callable<Integer> untilStopped(int arg) {
        return () -> {
            long until = System.nanoTime() + 1_000_000_000L, x = arg;
            while (!stopped && System.nanoTime() < until)
                x = compute(1000, x);
            spun = x;
            return arg;
        };
    }

    static long leastNs(int turns) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 1000; i++) {
            long began = System.nanoTime();
            spun = compute(turns, spun);
            least = Math.min(least, System.nanoTime() - began);
        }
        return least;
    }

    static double setSpin(double us) {
        leastNs(10000);
        spinTurns = (int) (us * 1000 / (leastNs(10000) / 10000.0));
        return leastNs(spinTurns);
    }

    // ---- Every result is there ------------------------------------------

    static void must(boolean holds, String what) {
        if (!holds) {
            System.err.println("Bench: does not hold: " + what);
            System.exit(1);
        }
    }

    static final class Tally {
        int count;
        long sum;

        void add(int result) {
            count++;
            sum += result;
        }

        void expect(int n) {
            must(count == n && sum == (long) n * (n - 1) / 2,
                 "all results came back");
        }
    }

    // ---- The collection -------------------------------------------------

    static final class Collection {
        final BlockingQueue<Future<Integer>> done = new LinkedBlockingQueue<>();
        final ExecutorCompletionService<Integer> service =
            new ExecutorCompletionService<>(pool, done);

        void submit(Callable<Integer> task) {
            service.submit(task);
        }

        int next() throws Exception {
            return service.take().get();
        }

        Integer next(long deadline) throws Exception {
            Future<Integer> future = service.poll(
                deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            return future == null ? null : future.get();
        }
    }

    // ---- The program ----------------------------------------------------

    static int number(String text, int least) {
        try {
            int value = Integer.parseInt(text);
            if (value >= least)
                return value;
        } catch (NumberFormatException e) {
            // said below
        }
        usage();
        return 0;
    }

    static void usage() {
        System.err.println("usage: Bench WORKLOAD N WORKERS [PARAM]");
        System.exit(2);
    }

    public static void main(String[] args) throws Exception {
        if (args.length == 1 && args[0].equals("version")) {
            System.out.println(System.getProperty("java.version"));
            return;
        }
        if (args.length < 3 || args.length > 4)
            usage();
        name = args[0];
        n = number(args[1], 1);
        workers = number(args[2], 1);
        param = args.length > 3 ? number(args[3], 0) : 0;
        pool = Executors.newFixedThreadPool(workers);
        double value = BenchWork.work();
        System.out.printf(Locale.ROOT,
                          "peer=java workload=%s n=%d workers=%d param=%d "
                              + "value=%.6g unit=%s%s%n",
                          name, n, workers, param, value, BenchWork.unit(),
                          more);
        System.exit(0); // the workers are no daemons
    }
}
