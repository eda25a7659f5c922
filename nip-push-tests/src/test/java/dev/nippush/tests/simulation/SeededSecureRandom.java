package dev.nippush.tests.simulation;

import java.security.SecureRandom;
import java.util.Random;

/** Initialisation vectors that a seed decides. */
final class SeededSecureRandom extends SecureRandom {

    private static final long serialVersionUID = 1L;

    private final transient Random random;

    SeededSecureRandom(long seed) {
        this.random = new Random(seed);
    }

    @Override
    public void nextBytes(byte[] bytes) {
        random.nextBytes(bytes);
    }
}
