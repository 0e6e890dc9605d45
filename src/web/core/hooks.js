// What several screens know of a circle: names, colours, who I am in it.
import { meet, wear } from './hues.js';
import { useData } from './live-data.js';

/** Members, proposals, colours and names by person; `members` is null before the answer. */
export function useMembers(circle) {
  const { data } = useData(`circles/${circle.id}/members`);
  const { data: profiles } = useData(`circles/${circle.id}/profiles`, ['profile']);
  const colours = new Map((profiles?.profiles ?? []).map((one) => [one.author, one.colour]));
  const abouts = new Map((profiles?.profiles ?? []).map((one) => [one.author, one.about]));
  const members = data?.members ?? null;
  if (members) meet(members);
  if (profiles) wear(profiles.profiles);
  return {
    members,
    proposals: data?.proposals ?? [],
    me: members?.find((one) => one.me) ?? null,
    colourOf: (person) => colours.get(person) ?? null,
    aboutOf: (person) => abouts.get(person) ?? '',
    nameOf: (person) => members?.find((one) => one.person === person)?.name ?? '…',
  };
}

export const isFacilitator = (member) => member?.role === 'facilitator';

/** Whether what one writes here would reach the circle: who left, or was put out, only reads. */
export const mayWrite = (circle) => !circle.gone;
