/** GLSL ES 3.00. Places are in CSS pixels from the top left; `screen` is the size of the canvas in them. */

export const DOTS_VERTEX = `#version 300 es
in vec2 place;
in vec4 first;
in vec4 second;
uniform vec2 screen;
uniform vec2 shift;
uniform float scale;
uniform float size;
uniform float ratio;
uniform float pass;
out vec3 one;
out vec3 other;
out float state;
void main() {
  float visible = step(0.5 / 255.0, first.a);
  state = second.a * 255.0;
  one = first.rgb;
  other = second.rgb;
  vec2 at = place * scale + shift;
  gl_Position = vec4(at.x / screen.x * 2.0 - 1.0, 1.0 - at.y / screen.y * 2.0, 0.0, 1.0);
  gl_PointSize = (pass > 0.5 ? size : size * 0.75) * ratio + (state > 0.5 ? 3.0 * ratio : 0.0);
  if (abs(visible - pass) > 0.5) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}`;

export const DOTS_FRAGMENT = `#version 300 es
precision highp float;
in vec3 one;
in vec3 other;
in float state;
uniform float pass;
uniform float size;
uniform float ratio;
uniform float aspect;
uniform vec3 ink;
uniform vec3 accent;
uniform float opacity;
out vec4 colour;
void main() {
  vec2 at = gl_PointCoord * 2.0 - 1.0;
  float radius = size * ratio * 0.5;
  float edge;
  if (aspect > 0.0) {
    vec2 box = abs(at) / vec2(min(aspect, 1.0), min(1.0 / aspect, 1.0));
    edge = (1.0 - max(box.x, box.y)) * radius;
  } else {
    edge = (1.0 - length(at)) * radius;
  }
  float inside = clamp(edge + 0.5, 0.0, 1.0);
  if (inside <= 0.0) discard;
  if (pass < 0.5) {
    colour = vec4(ink, inside * 0.12);
    return;
  }
  vec3 fill = at.x + at.y < 0.0 ? one : other;
  if (aspect <= 0.0 && radius > 1.6) {
    float rim = 1.0 - smoothstep(0.0, 1.0 * ratio, edge);
    fill = mix(fill, ink, rim * 0.5);
  }
  if (state > 0.5) fill = mix(fill, accent, 1.0 - smoothstep(1.2 * ratio, 2.4 * ratio, edge));
  colour = vec4(fill, inside * (state > 0.5 ? 1.0 : opacity));
}`;

export const SPRITES_VERTEX = `#version 300 es
in vec2 corner;
in vec4 box;
in vec4 source;
in vec4 tint;
uniform vec2 screen;
uniform float frame;
out vec2 at;
out vec2 half_size;
out vec2 uv;
out vec4 border;
void main() {
  half_size = box.zw * 0.5;
  vec2 outer = half_size + frame;
  at = (corner * 2.0 - 1.0) * outer;
  vec2 inner = clamp(at / half_size * 0.5 + 0.5, -1.0, 2.0);
  uv = source.xy + inner * source.zw;
  border = tint;
  vec2 place = box.xy + at;
  gl_Position = vec4(place.x / screen.x * 2.0 - 1.0, 1.0 - place.y / screen.y * 2.0, 0.0, 1.0);
}`;

export const SPRITES_FRAGMENT = `#version 300 es
precision highp float;
in vec2 at;
in vec2 half_size;
in vec2 uv;
in vec4 border;
uniform sampler2D sheet;
uniform float frame;
uniform float corner_radius;
uniform float ratio;
out vec4 colour;
float rounded(vec2 point, vec2 side, float radius) {
  vec2 away = abs(point) - side + radius;
  return length(max(away, 0.0)) + min(max(away.x, away.y), 0.0) - radius;
}
void main() {
  float outer = rounded(at, half_size + frame, corner_radius + frame);
  float alpha = clamp(0.5 - outer * ratio, 0.0, 1.0);
  if (alpha <= 0.0) discard;
  float inner = rounded(at, half_size, corner_radius);
  float picture = clamp(0.5 - inner * ratio, 0.0, 1.0);
  vec3 seen = texture(sheet, uv).rgb;
  colour = vec4(mix(border.rgb, seen, frame > 0.0 ? picture : 1.0), alpha);
}`;
