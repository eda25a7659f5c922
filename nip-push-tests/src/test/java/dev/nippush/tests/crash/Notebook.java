package dev.nippush.tests.crash;

import static dev.nippush.tests.crash.Facts.NEVER;

import dev.nippush.tests.crash.Facts.Attempt;
import dev.nippush.tests.crash.Facts.Cut;
import dev.nippush.tests.crash.Facts.Deed;
import dev.nippush.tests.crash.Facts.Published;
import dev.nippush.tests.crash.Facts.Run;
import dev.nippush.tests.crash.Facts.Said;
import java.util.ArrayList;
import java.util.List;

/** Where the facts about one person are written down as they happen. Safe for use by several threads. */
final class Notebook {

    private final List<Said> said = new ArrayList<>();
    private final List<Published> published = new ArrayList<>();
    private final List<Attempt> attempts = new ArrayList<>();

    /** An app begins to say something, which is not sure yet. Returns its number. */
    synchronized int begin(String account, Deed deed, String device) {
        said.add(new Said(account, deed, device, System.currentTimeMillis(), NEVER));
        return said.size() - 1;
    }

    /** The server has it on disk. */
    synchronized void sure(int number) {
        Said begun = said.get(number);
        said.set(
                number,
                new Said(begun.account(), begun.deed(), begun.device(), begun.sent(), System.currentTimeMillis()));
    }

    synchronized void published(Published event) {
        published.add(event);
    }

    synchronized void attempted(Attempt attempt) {
        attempts.add(attempt);
    }

    synchronized Facts facts(List<Run> runs, List<Cut> cuts) {
        return new Facts(said, published, attempts, runs, cuts);
    }
}
