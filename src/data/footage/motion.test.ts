import { expect, test } from 'vitest';
import type { Luma } from '../../media/film-stream.ts';
import { HEIGHT, pan, plane, texture, WIDTH } from './footage.fixture.ts';
import { type CameraStep, cameraStep, clipMotion, type ClipMotion } from './motion.ts';

/** A film of 8 frames a second whose picture is turned and grown about the centre and shifted, all a frame. */
const film = (o: { x?: number; y?: number; zoom?: number; roll?: number }, count = 6): Luma[] => Array.from({ length: count }, (_, t) => plane((px, py) => {
  const k = 1 / (1 + (o.zoom ?? 0)) ** t, a = -(o.roll ?? 0) * t, u = px - (WIDTH - 1) / 2 - (o.x ?? 0) * t, v = py - (HEIGHT - 1) / 2 - (o.y ?? 0) * t;
  return texture(1, 300 + k * (u * Math.cos(a) - v * Math.sin(a)), 300 + k * (u * Math.sin(a) + v * Math.cos(a)));
}));
const stepsOf = (frames: readonly Luma[]): CameraStep[] => frames.slice(1).map((f, i) => cameraStep(frames[i]!, f));
const motionOf = (frames: readonly Luma[]): ClipMotion => clipMotion(stepsOf(frames), 8);

test('shift, zoom and roll are measured to a twentieth of a percent of the width, a thousandth, a thousandth', () => {
  for (const { x, y } of stepsOf(pan(1, 4, 2))) { expect(Math.abs(x + 2 / WIDTH)).toBeLessThan(5e-4); expect(Math.abs(y)).toBeLessThan(5e-4); }
  for (const { zoom, x } of stepsOf(film({ zoom: 0.02 }, 3))) { expect(Math.abs(zoom - 0.02)).toBeLessThan(1e-3); expect(Math.abs(x)).toBeLessThan(1e-3); }
  for (const { roll } of stepsOf(film({ roll: 0.02 }, 3))) expect(Math.abs(roll - 0.02)).toBeLessThan(1e-3);
});

test('each movement has its tag', () => {
  expect([
    motionOf(pan(1, 5, 4)), motionOf(film({ x: 4 })), motionOf(film({ y: 4 })), motionOf(film({ y: -4 })), motionOf(film({ zoom: 0.03 })), motionOf(film({ zoom: -0.03 })),
    motionOf(film({ roll: 0.03 })), motionOf(film({})),
  ].map((m) => m.camera)).toEqual([['pan right'], ['pan left'], ['tilt up'], ['tilt down'], ['zoom in'], ['zoom out'], ['roll'], ['static']]);
});

test('a camera that goes to and fro is shaky', () => {
  expect(motionOf(Array.from({ length: 7 }, (_, t) => film({ x: t % 2 ? 4 : 0 }, 2)[1]!)).camera).toEqual(['shaky']);
});

test('something that walks before a still ground is its own movement, not the camera’s', () => {
  const walker = Array.from({ length: 6 }, (_, t) => plane((x, y) => (Math.abs(x - 60 - 6 * t) < 16 && Math.abs(y - 80) < 34 ? 0.95 : texture(1, x, y))));
  const m = motionOf(walker);
  expect(m.camera).toEqual(['static']);
  expect(m.own).toBeGreaterThan(5 * motionOf(film({})).own + 0.5);
});

test('pictures without structure give no movement and no NaN', () => {
  const grey = plane(() => 0.5);
  expect(cameraStep(grey, grey)).toEqual({ x: 0, y: 0, zoom: 0, roll: 0, residual: 0 });
  expect(clipMotion([], 8)).toEqual({ own: 0, speed: 0, camera: ['static'] });
});
