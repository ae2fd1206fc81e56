/*
 * BenchWork - the workloads of Bench, in the order of flow.h and workloads.h
 *
 * SPDX-License-Identifier: MIT
 */

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RecursiveTask;
import java.util.function.IntConsumer;

final class BenchWork extends Bench {
    static final int WINDOW = 1024;
    static final int BATCH = 64;
    static final long BATCH_DEADLINE = 10_000_000_000L;

    // ---- Throughput -----------------------------------------------------

    interface Loop {
        void run(int n) throws Exception;
    }

    static double perTask(long began, long n) {
        return (double) (System.nanoTime() - began) / n;
    }

    static double timed(Loop loop) throws Exception {
        loop.run(Math.max(n, 100_000));
        long began = System.nanoTime();
        loop.run(n);
        return perTask(began, n);
    }

    static int or(int standard) {
        return param > 0 ? param : standard;
    }

    static void burst(Collection c, int n) throws Exception {
        Tally tally = new Tally();
        for (int i = 0; i < n; i++)
            c.submit(echo(i));
        for (int i = 0; i < n; i++)
            tally.add(c.next());
        tally.expect(n);
    }

    static void flow(Collection c, int n, int window, Tally tally)
        throws Exception {
        int sent = 0;
        while (sent < n && sent < window)
            c.submit(echo(sent++));
        for (int got = 0; got < n; got++) {
            tally.add(c.next());
            if (sent < n)
                c.submit(echo(sent++));
        }
    }

    static void checkedFlow(Collection c, int n, int window) throws Exception {
        Tally tally = new Tally();
        flow(c, n, window, tally);
        tally.expect(n);
    }

    static double w1a() throws Exception {
        Collection c = new Collection();
        return timed(n -> burst(c, n));
    }

    static double w1b() throws Exception {
        Collection c = new Collection();
        return timed(n -> checkedFlow(c, n, or(WINDOW)));
    }

    static double w1c() throws Exception {
        Collection c = new Collection();
        return timed(n -> flowOfMany(c, n, or(WINDOW)));
    }

    static void flowOfMany(Collection c, int n, int window) throws Exception {
        Tally tally = new Tally();
        List<Future<Integer>> some = new ArrayList<>(window);
        int sent = 0;
        while (sent < n && sent < window)
            c.submit(echo(sent++));
        while (tally.count < n) {
            some.add(c.service.take());
            c.done.drainTo(some, window - 1);
            for (Future<Integer> future : some) {
                tally.add(future.get());
                if (sent < n)
                    c.submit(echo(sent++));
            }
            some.clear();
        }
        tally.expect(n);
    }

    static void submitAndAdd(BlockingQueue<CompletableFuture<Integer>> queue,
                             int arg) {
        CompletableFuture<Integer> future =
            CompletableFuture.supplyAsync(() -> arg, pool);
        future.whenComplete((result, error) -> queue.add(future));
    }

    static double w1d() throws Exception {
        BlockingQueue<CompletableFuture<Integer>> queue =
            new LinkedBlockingQueue<>();
        return timed(n -> {
            Tally tally = new Tally();
            int sent = 0;
            while (sent < n && sent < or(WINDOW))
                submitAndAdd(queue, sent++);
            while (tally.count < n) {
                tally.add(queue.take().join());
                if (sent < n)
                    submitAndAdd(queue, sent++);
            }
            tally.expect(n);
        });
    }

    static double w9n() throws Exception {
        Collection c = new Collection();
        int bursts = Math.max(1, 1_000_000 / n);
        for (int i = 0; i < Math.max(1, 200_000 / n); i++)
            burst(c, n);
        long began = System.nanoTime();
        for (int i = 0; i < bursts; i++)
            burst(c, n);
        return perTask(began, (long) bursts * n);
    }

    // Runs k threads that begin together; returns the ns until all are through.
    static long together(int k, IntConsumer prepare, IntConsumer run)
        throws Exception {
        CountDownLatch ready = new CountDownLatch(k);
        CountDownLatch start = new CountDownLatch(1);
        CountDownLatch through = new CountDownLatch(k);
        for (int i = 0; i < k; i++) {
            int who = i;
            Thread thread = new Thread(() -> {
                prepare.accept(who);
                ready.countDown();
                try {
                    start.await();
                } catch (InterruptedException e) {
                    must(false, "no interrupt");
                }
                run.accept(who);
                through.countDown();
            });
            thread.start();
        }
        ready.await();
        long began = System.nanoTime();
        start.countDown();
        through.await();
        return System.nanoTime() - began;
    }

    static void unchecked(Callable<Void> body) {
        try {
            body.call();
        } catch (Exception e) {
            must(false, e.toString());
        }
    }

    static double w4() throws Exception {
        int k = or(4), each = Math.max(1, n / k), window = WINDOW / k;
        Collection[] cs = new Collection[k];
        long took = together(k, who -> unchecked(() -> {
            cs[who] = new Collection();
            checkedFlow(cs[who], Math.max(each, 100_000), window);
            return null;
        }), who -> unchecked(() -> {
            checkedFlow(cs[who], each, window);
            return null;
        }));
        return (double) took / ((double) each * k);
    }

    static double w9s() throws Exception {
        int k = or(4), each = Math.max(1, n / k), window = WINDOW / k;
        Collection c = new Collection();
        Tally[] tallies = new Tally[k];
        checkedFlow(c, Math.max(n, 100_000), WINDOW);
        long took = together(k, who -> {}, who -> unchecked(() -> {
            Tally tally = new Tally();
            flow(c, each, window, tally);
            tallies[who] = tally;
            return null;
        }));
        long count = 0, sum = 0;
        for (Tally tally : tallies) {
            count += tally.count;
            sum += tally.sum;
        }
        must(count == (long) each * k
                 && sum == (long) each * (each - 1) / 2 * k,
             "all results came back");
        return (double) took / ((double) each * k);
    }

    static double w9i() throws Exception {
        int k = or(4), window = Math.max(1, WINDOW / k);
        Collection[] cs = new Collection[k];
        Arrays.setAll(cs, i -> new Collection());
        return timed(n -> {
            Tally tally = new Tally();
            int sent = 0;
            for (; sent < n && sent < window * k; sent++)
                cs[sent % k].submit(echo(sent));
            for (int got = 0; got < n; got++) {
                tally.add(cs[got % k].next());
                if (sent < n) {
                    cs[sent % k].submit(echo(sent));
                    sent++;
                }
            }
            tally.expect(n);
        });
    }

    // ---- Latency --------------------------------------------------------

    static void add(String key, double value) {
        more.append(String.format(Locale.ROOT, " %s=%.6g", key, value));
    }

    static double quantile(long[] sorted, double q) {
        return sorted[(int) (q * sorted.length)];
    }

    static void roundTrip(Collection c, int i) throws Exception {
        c.submit(echo(i));
        must(c.next() == i, "the result came back");
    }

    static double w2() throws Exception {
        Collection c = new Collection();
        long limit = or(1000) * 1_000_000L;
        long[] samples = new long[n];
        for (int i = 0; i < 20_000; i++)
            roundTrip(c, i);
        int count = 0;
        long began = System.nanoTime(), last = began;
        while (count < n && last - began < limit) {
            long before = System.nanoTime();
            roundTrip(c, count);
            last = System.nanoTime();
            samples[count++] = last - before;
        }
        samples = Arrays.copyOf(samples, count);
        Arrays.sort(samples);
        add("p99", quantile(samples, 0.99));
        add("mean", (double) (last - began) / count);
        add("trips", count);
        return quantile(samples, 0.5);
    }

    static void batch(Collection c) throws Exception {
        Tally tally = new Tally();
        long deadline = System.nanoTime() + BATCH_DEADLINE;
        for (int i = 0; i < BATCH; i++)
            c.submit(spin(i));
        for (int i = 0; i < BATCH; i++) {
            Integer result = c.next(deadline);
            must(result != null, "the deadline was not reached");
            tally.add(result);
        }
        tally.expect(BATCH);
    }

    static double w3() throws Exception {
        double each = setSpin(or(20));
        int batches = Math.max(1, n / BATCH);
        int atOnce = Math.min(Runtime.getRuntime().availableProcessors(),
                              workers);
        Collection c = new Collection();
        for (int i = 0; i < 100; i++)
            batch(c);
        long began = System.nanoTime();
        for (int i = 0; i < batches; i++)
            batch(c);
        double took = System.nanoTime() - began;
        add("each_us", each / 1000);
        return took / ((double) batches * BATCH * each / atOnce);
    }

    static double w6() throws Exception {
        Collection c = new Collection();
        long[] late = new long[n];
        burst(c, 100_000);
        for (int i = 0; i < n; i++) {
            long deadline = System.nanoTime() + or(1000) * 1000L;
            must(c.next(deadline) == null, "nothing came");
            late[i] = System.nanoTime() - deadline;
        }
        Arrays.sort(late);
        add("early", Arrays.stream(late).filter(ns -> ns < 0).count());
        add("p99", quantile(late, 0.99) / 1000);
        return quantile(late, 0.5) / 1000;
    }

    // ---- Memory, nested waits, idling, work conservation ----------------

    static double heap() {
        for (int i = 0; i < 3; i++)
            System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    static double heldBurst(Collection c) throws Exception {
        Tally tally = new Tally();
        held = new CountDownLatch(workers);
        gate = new CountDownLatch(1);
        for (int i = 0; i < workers; i++)
            c.submit(hold(i));
        held.await();
        double before = heap();
        for (int i = 0; i < n; i++)
            c.submit(echo(workers + i));
        double full = heap();
        gate.countDown();
        for (int i = 0; i < n + workers; i++)
            tally.add(c.next());
        tally.expect(n + workers);
        return full - before;
    }

    static double w5() throws Exception {
        Collection c = new Collection();
        burst(c, 100_000);
        double before = heap();
        double value = heldBurst(c) / n;
        add("kept", (heap() - before) / n);
        add("again", heldBurst(c) / n - value);
        return value;
    }

    @SuppressWarnings("serial") // nobody writes it anywhere
    static final class Fib extends RecursiveTask<Integer> {
        final int n;

        Fib(int n) {
            this.n = n;
        }

        @Override
        protected Integer compute() {
            if (n < 2)
                return n;
            Fib first = new Fib(n - 1), second = new Fib(n - 2);
            first.fork();
            second.fork();
            return second.join() + first.join();
        }
    }

    static double w7() throws Exception {
        ForkJoinPool forks = new ForkJoinPool(workers);
        int a = 0, b = 1; // fib(n) and fib(n + 1)
        for (int i = 0; i < n; i++) {
            int sum = a + b;
            a = b;
            b = sum;
        }
        must(forks.invoke(new Fib(n)) == a, "fib");
        long began = System.nanoTime();
        must(forks.invoke(new Fib(n)) == a, "fib");
        return perTask(began, 2L * b - 1);
    }

    // Of this process, in us; the system may count in steps of 10 ms.
    static double cpu() throws IOException {
        return ((com.sun.management.OperatingSystemMXBean)
            ManagementFactory.getOperatingSystemMXBean())
            .getProcessCpuTime() / 1000.0;
    }

    static double w8() throws Exception {
        Collection c = new Collection();
        burst(c, 100_000);
        double before = cpu();
        must(c.next(System.nanoTime() + n * 1_000_000L) == null,
             "nothing came");
        return cpu() - before;
    }

    static double w10() throws Exception {
        Collection c = new Collection();
        Tally tally = new Tally();
        setSpin(1);
        burst(c, 100_000);
        long began = System.nanoTime();
        for (int i = 0; i < n; i++) {
            if (i == param)
                c.submit(untilStopped(n));
            c.submit(spin(i));
        }
        if (param >= n)
            c.submit(untilStopped(n));
        boolean longIsBack = false;
        while (tally.count < n) {
            int result = c.next();
            if (result != n)
                tally.add(result);
            else
                longIsBack = true;
        }
        double took = (System.nanoTime() - began) / 1e6;
        tally.expect(n);
        stopped = true;
        must(longIsBack || c.next() == n, "the long task came back");
        return took;
    }

    // ---- All of them ----------------------------------------------------

    static double work() throws Exception {
        switch (name) {
        case "w1a": return w1a();
        case "w1b": return w1b();
        case "w1c": return w1c();
        case "w1d": return w1d();
        case "w2": return w2();
        case "w3": return w3();
        case "w4": return w4();
        case "w5": return w5();
        case "w6": return w6();
        case "w7": return w7();
        case "w8": return w8();
        case "w9n": return w9n();
        case "w9s": return w9s();
        case "w9i": return w9i();
        case "w10": return w10();
        default:
            System.out.printf("peer=java workload=%s n/a: no such workload%n",
                              name);
            System.exit(NOT_APPLICABLE);
            return 0;
        }
    }

    static String unit() {
        switch (name) {
        case "w2": return "ns";
        case "w3": return "x";
        case "w5": return "bytes";
        case "w6": case "w8": return "us";
        case "w7": return "ns/call";
        case "w10": return "ms";
        default: return "ns/task";
        }
    }
}
