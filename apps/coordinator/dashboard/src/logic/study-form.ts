import type { StudySpec } from "../api/types.js";

/** The form's fields as they are typed. */
export interface StudyForm {
  name: string;
  title: string;
  sites: string[];
  rounds: string;
  budget: string;
  requireAll: boolean;
  require: string;
  decoder: string;
  preset: string;
  personalShare: string;
  clicks: string;
  seed: string;
  clip: string;
  sealed: boolean;
  maxImages: string;
  silenceMinutes: string;
}

/** What the form starts with; every site takes part unless it is taken out. */
export function emptyForm(sites: readonly string[]): StudyForm {
  return {
    name: "",
    title: "",
    sites: [...sites],
    rounds: "4",
    budget: "1500",
    requireAll: true,
    require: String(Math.max(3, sites.length - 1)),
    decoder: "texture",
    preset: "adam",
    personalShare: "50",
    clicks: "3",
    seed: "1",
    clip: "30",
    sealed: true,
    maxImages: "10000",
    silenceMinutes: "10",
  };
}

/** The form of a study that is there, to change or to clone. */
export function formOf(spec: StudySpec): StudyForm {
  const { require, sites } = spec.participation;
  return {
    name: spec.name,
    title: spec.title ?? "",
    sites: [...sites],
    rounds: String(spec.rounds),
    budget: String(spec.budget),
    requireAll: require === "all",
    require: require === "all" ? String(Math.max(3, sites.length - 1)) : String(require),
    decoder: spec.decoder,
    preset: spec.preset,
    personalShare: String(Math.round(spec.personalShare * 100)),
    clicks: String(spec.clicks),
    seed: String(spec.seed),
    clip: String(spec.clip),
    sealed: spec.sealed,
    maxImages: String(spec.maxImages),
    silenceMinutes: String(spec.silenceSeconds / 60),
  };
}

/** What is sent. Text that is no number goes as it is: the server says what is wrong with it. */
export function specOf(form: StudyForm): Record<string, unknown> {
  const title = form.title.trim();
  return {
    name: form.name.trim(),
    ...(title === "" ? {} : { title }),
    decoder: form.decoder,
    preset: form.preset,
    rounds: numberOr(form.rounds),
    personalShare: scaled(form.personalShare, 1 / 100),
    budget: numberOr(form.budget),
    clicks: numberOr(form.clicks),
    seed: numberOr(form.seed),
    clip: numberOr(form.clip),
    sealed: form.sealed,
    maxImages: numberOr(form.maxImages),
    participation: { sites: form.sites, require: form.requireAll ? "all" : numberOr(form.require) },
    silenceSeconds: scaled(form.silenceMinutes, 60),
  };
}

function numberOr(text: string): number | string {
  const value = Number(text.replace(/[\s\u202f]/g, ""));
  return text.trim() === "" || Number.isNaN(value) ? text : value;
}

function scaled(text: string, factor: number): number | string {
  const value = numberOr(text);
  return typeof value === "number" ? Math.round(value * factor * 1e9) / 1e9 : value;
}

const FIELDS: Readonly<Record<string, keyof StudyForm>> = {
  "participation.sites": "sites",
  "participation.require": "require",
  silenceSeconds: "silenceMinutes",
};

const ADVANCED: readonly (keyof StudyForm)[] = [
  "decoder",
  "preset",
  "personalShare",
  "clicks",
  "seed",
  "clip",
  "sealed",
  "maxImages",
  "silenceMinutes",
];

export interface FormProblems {
  /** By field. */
  readonly fields: Partial<Record<keyof StudyForm, string>>;
  /** Those that belong to no field. */
  readonly others: string[];
  /** Whether one is among the folded fields. */
  readonly advanced: boolean;
}

/** Puts the server's problems at the fields that they are about. */
export function problemsAt(errors: readonly { path: string; message: string }[], form: StudyForm): FormProblems {
  const fields: Partial<Record<keyof StudyForm, string>> = {};
  const others: string[] = [];
  for (const { path, message } of errors) {
    const key = Object.keys(FIELDS).find((start) => path === start || path.startsWith(`${start}.`));
    const field = key ? FIELDS[key]! : (path as keyof StudyForm);
    if (field in form) fields[field] ??= sentenceCase(message);
    else others.push(path === "" ? sentenceCase(message) : `${path}: ${message}`);
  }
  return { fields, others, advanced: ADVANCED.some((field) => fields[field] !== undefined) };
}

function sentenceCase(message: string): string {
  return message.charAt(0).toUpperCase() + message.slice(1);
}

/** A short name made from a title: lower-case letters, digits and hyphens. */
export function nameFrom(title: string): string {
  return title
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
}
